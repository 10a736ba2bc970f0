# SPDX-License-Identifier: MIT
"""What a plugin is told of a sign-in, what it costs, and the mails that it may have sent."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccm_core.config import Settings
from ccm_core.plugin_api import Notice, SignedIn
from ccm_core.plugin_manager.faults import CallError
from ccm_core.services.accounts import Account, Profile
from ccm_core.services.clients import Client
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts
from ccm_core.services.user_admin import Actor
from tests.statements import statements
from tests.unit.services.conftest import Watch, services_with

CLIENT = Client("192.0.2.0/24", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
PASSWORD = "correct horse battery staple"
NOTICE = Notice("Login code", ("Enrolled", "%(name)s on %(host)s: %(place)s, 100 %%"), {"place": "here"})


@pytest.fixture
def parts(settings: Settings, clock: Watch, tmp_path: Path) -> Iterator[Parts]:
    """The services with a plugin that listens and one that does not."""
    with services_with(tmp_path, settings, clock, "working", "challenge_raises") as assembled:
        yield assembled


@pytest.fixture
def karl(parts: Parts, instance: Instance, clock: Watch) -> Account:
    return parts.users.add(instance, "karl", "karl@example.org", "user", clock(), Actor(), password=PASSWORD)


def activate(parts: Parts, instance: Instance, plugin: str = "working", *, everyone: bool = True) -> None:
    parts.plugins.activate(instance, plugin, parts.clock(), Actor())
    if everyone:
        parts.access.allow(instance, plugin, parts.clock(), Actor())


def sign_in(parts: Parts, instance: Instance, name: str = "karl") -> list[SignedIn]:
    """Sign in, and return all that the listener has heard so far."""
    fresh = parts.instances.get(instance.host, parts.clock())
    assert parts.logins.password(fresh, name, PASSWORD, CLIENT, parts.clock()).session_token
    return sys.modules["working"].heard if "working" in sys.modules else []


@pytest.fixture
def heard(parts: Parts, instance: Instance, karl: Account) -> SignedIn:
    """The event of a sign-in."""
    activate(parts, instance)
    return sign_in(parts, instance)[-1]


def mails(parts: Parts, instance: Instance) -> list[tuple[str, str, str | None]]:
    """Return recipient, subject and text of each mail."""
    found = parts.outbox.listed(instance.id)
    return [(one.recipient, one.subject, parts.outbox.show(instance.id, one.id)[1]) for one in found]


def test_a_plugin_is_told_the_browser_and_its_network_but_no_address(heard: SignedIn) -> None:
    assert (heard.device, heard.network, heard.factor) == ("Firefox, Linux", "192.0.2.0/24", None)


@pytest.mark.parametrize(("plugin", "everyone", "heard"), [("challengeraises", False, 0), ("working", True, 2)])
def test_a_sign_in_costs_no_statement_more_with_a_plugin_that_is_deaf_or_that_everyone_has(
    parts: Parts, instance: Instance, karl: Account, plugin: str, everyone: bool, heard: int
) -> None:
    sign_in(parts, instance)
    with statements() as alone:
        sign_in(parts, instance)
    activate(parts, instance, plugin, everyone=everyone)
    sign_in(parts, instance)
    with statements() as beside:
        assert len(sign_in(parts, instance)) == heard
    assert beside == alone


def test_a_listener_for_selected_users_hears_of_them_alone(parts: Parts, instance: Instance, karl: Account) -> None:
    activate(parts, instance, everyone=False)
    parts.users.add(instance, "olga", "olga@example.org", "user", parts.clock(), Actor(), password=PASSWORD)
    parts.access.allow(instance, "working", parts.clock(), Actor(), karl.id)
    sign_in(parts, instance, "olga")
    assert [one.user.name for one in sign_in(parts, instance)] == ["karl"]


def test_the_store_is_this_plugin_s_for_this_user_in_this_instance(
    parts: Parts, instance: Instance, karl: Account, heard: SignedIn
) -> None:
    heard.store.put("key", "karl's")
    olga = parts.users.add(instance, "olga", "olga@example.org", "user", parts.clock(), Actor(), password=PASSWORD)
    hers = sign_in(parts, instance, olga.name)[-1].store
    assert hers.get("key") is None
    assert replace(heard.store, plugin="other").get("key") is None
    parts.instances.add("other.example", CLOUD, None, parts.clock())
    other = parts.instances.get("other.example", parts.clock())
    parts.users.add(other, "karl", "karl@example.org", "user", parts.clock(), Actor(), password=PASSWORD)
    activate(parts, other)
    assert sign_in(parts, other)[-1].store.get("key") is None
    assert heard.store.get("key") == "karl's"


def test_a_notice_is_a_mail_like_the_host_s_own(parts: Parts, instance: Instance, heard: SignedIn) -> None:
    heard.notify(NOTICE)
    body = f"Hello karl,\n\nEnrolled\n\nkarl on ccm.example: here, 100 %\n\n{instance.origin}\n"
    assert mails(parts, instance) == [("karl@example.org", "Login code", body)]


def test_a_notice_is_written_in_the_user_s_language(
    parts: Parts, instance: Instance, karl: Account, heard: SignedIn
) -> None:
    fresh = parts.instances.get(instance.host, parts.clock())
    token = parts.logins.password(fresh, "karl", PASSWORD, CLIENT, parts.clock()).session_token
    session = parts.sessions.look(token or "", fresh, parts.clock())
    assert session is not None
    parts.changes.profile(fresh, session, Profile("", "", "", "de"), CLIENT, parts.clock())
    sign_in(parts, instance)[-1].notify(NOTICE)
    ((_, subject, body),) = mails(parts, instance)
    assert subject == "Anmeldecode"
    assert (body or "").startswith("Guten Tag karl,\n\nEingerichtet\n\n")


def test_one_event_has_one_notice(parts: Parts, instance: Instance, heard: SignedIn) -> None:
    heard.notify(NOTICE)
    with pytest.raises(ValueError, match="more than one notice"):
        heard.notify(NOTICE)
    assert len(mails(parts, instance)) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"paragraphs": ()}, "1 to 10 paragraphs"),
        ({"subject": ""}, "the subject of its notice is not one line of 1 to 150 characters"),
        ({"subject": "x" * 151}, "the subject of its notice is not one line of 1 to 150 characters"),
        ({"subject": "Hello\r\nBcc: eve@example.org"}, "the subject of its notice is not one line"),
        ({"paragraphs": ("x" * 2000, "x" * 2001)}, "have more than 4000 characters"),
        ({"paragraphs": ("%(place)500s",) * 9}, "have more than 4000 characters"),
        ({"values": {}}, "the places in a text of its notice do not fit its values"),
        ({"subject": "100 %"}, "the places in a text of its notice do not fit its values"),
        ({"subject": "%(place)d"}, "the places in a text of its notice do not fit its values"),
        ({"values": {"place": "https://evil.example"}}, "without a link"),
    ],
)
def test_what_is_no_proper_notice_is_not_sent_and_a_proper_one_may_follow(
    parts: Parts, instance: Instance, heard: SignedIn, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(CallError, match=told):
        heard.notify(replace(NOTICE, **changes))
    assert mails(parts, instance) == []
    heard.notify(NOTICE)
    assert len(mails(parts, instance)) == 1


def test_a_plugin_cannot_name_another_user_or_another_host(parts: Parts, instance: Instance, heard: SignedIn) -> None:
    heard.notify(replace(NOTICE, values={"place": "here", "name": "admin", "host": "evil.example"}))
    assert "karl on ccm.example" in (mails(parts, instance)[0][2] or "")
