# SPDX-License-Identifier: MIT
"""Reset links and new passwords: the whole trail that they leave, the limits to the second, two factors at once."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.errors import NotFound
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.enrolments import place
from ccm_core.services.instances import Instance
from ccm_core.services.mailed_links import INVALID
from ccm_core.services.parts import Parts
from ccm_core.services.proofs import Denied
from ccm_core.services.user_admin import Actor
from tests.unit.services.conftest import Watch, services_with

CLIENT = Client("192.0.2.0/24", "a browser")
PASSWORD, NEW, WORD = "correct horse battery staple", "a quite different staple", "open sesame"
FACTORS = ("remembering", "resetraises", "working")


@pytest.fixture
def strict() -> bool:
    return False


@pytest.fixture
def parts(settings: Settings, clock: Watch, tmp_path: Path, strict: bool) -> Iterator[Parts]:
    """The services with plugins of the tests."""
    chosen = replace(settings, reset_keeps_second_factor=strict)
    with services_with(
        tmp_path, chosen, clock, "working", "remembering", "reset_raises", "challenge_raises"
    ) as assembled:
        yield assembled


@pytest.fixture
def otto(parts: Parts, instance: Instance, clock: Watch) -> Account:
    """A user with a password."""
    return parts.users.add(instance, "otto", "otto@example.org", "user", clock(), Actor(), password=PASSWORD)


def bind(parts: Parts, instance: Instance, user: Account, *plugins: str) -> Instance:
    """Bind the user to a factor of each active plugin; returns the instance as it is then."""
    now = parts.clock()
    for plugin in plugins:
        parts.plugins.activate(instance, plugin, now, Actor())
        values = {"instance_id": instance.id, "user_id": user.id, "plugin": plugin, "label": plugin, "counter": 0}
        values |= {"data": parts.vault.seal(WORD.encode(), place=place(instance.id, user.id, plugin))}
        with parts.database.write() as connection:
            connection.execute(insert(m.enrolment).values(values | {"confirmed": True, "created_at": now}))
    return parts.instances.get(instance.host, now)


def mails(parts: Parts) -> list[str]:
    """Return subjects and texts of all mails after whatever is due was delivered, oldest first."""
    parts.outbox.deliver()
    found = []
    for path in sorted(parts.settings.mail_dir.glob("[0-9]*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found.append(f"{message['Subject']}\n{message.get_content()}")
    return found


def ask(parts: Parts, instance: Instance, name: str = "otto", client: Client = CLIENT) -> list[str]:
    """Ask for a link; returns all mails."""
    parts.resets.request(instance, name, client, parts.clock())
    return mails(parts)


def token_in(mail: str) -> str:
    """Return the token of the link in a mail."""
    return next(word for word in mail.split() if "/password/reset/" in word or "/activate/" in word).rsplit("/", 1)[1]


def trail(parts: Parts, instance: Instance, prefix: str) -> list[tuple[object, ...]]:
    """Return the whole entries of a kind, oldest first."""
    found = parts.audit.entries(instance.id, event=prefix)
    return [(one.event, one.at, one.user_name, one.actor, one.network, one.detail) for one in reversed(found)]


def test_the_trail_of_a_reset_tells_whose_from_where_and_what_became_of_the_factors(
    parts: Parts, instance: Instance, otto: Account, clock: Watch
) -> None:
    fresh = bind(parts, instance, otto, *FACTORS)
    token = token_in(ask(parts, fresh)[-1])
    asked_at = clock.now
    clock.now += 60
    parts.resets.set_password(fresh, "reset", token, NEW, NEW, CLIENT, clock(), plugin="", answer="")
    removed = {"factors_removed": 3, "cleared_by_plugins": ["working"]}
    assert trail(parts, instance, "reset.") == [
        ("reset.link_sent", asked_at, "otto", "", CLIENT.network, {}),
        ("reset.password_set", clock.now, "otto", "", CLIENT.network, removed),
    ]


def test_a_mailed_link_says_what_it_is_for_and_what_it_will_do_to_factors_that_the_same_change_bound(
    parts: Parts, instance: Instance, erika: Account, otto: Account, clock: Watch
) -> None:
    note = "the new password also resets the second factor"
    invitation, reset = ask(parts, instance, "erika")[-1], ask(parts, instance)[-1]
    assert invitation.startswith(f"Your account on {instance.host}\n")
    assert reset.startswith(f"Set a new password for {instance.host}\n")
    assert note not in invitation + reset
    values = {"instance_id": instance.id, "user_id": otto.id, "plugin": "x", "label": "x", "counter": 0, "data": b""}
    with parts.database.write() as connection:
        connection.execute(insert(m.enrolment).values(values | {"confirmed": True, "created_at": clock()}))
        parts.resets.send_link(connection, instance, otto, clock())
    assert note in mails(parts)[-1]


def test_a_plugin_that_fails_at_a_reset_silences_no_other(parts: Parts, instance: Instance, otto: Account) -> None:
    fresh = bind(parts, instance, otto, "resetraises", "working")
    token = token_in(ask(parts, fresh)[-1])
    parts.resets.set_password(fresh, "reset", token, NEW, NEW, CLIENT, parts.clock(), plugin="", answer="")
    assert "Your second factor was removed." in mails(parts)[-1]


def test_three_links_an_hour_are_mailed_and_the_fourth_request_is_in_the_trail(
    parts: Parts, instance: Instance, otto: Account, clock: Watch
) -> None:
    start = clock.now
    for after in (0, 10, 20, 3599):
        clock.now = start + after
        assert len(ask(parts, instance)) == min(3, 1 + after // 10)
    entry = ("reset.too_many", start + 3599, "otto", "", CLIENT.network, {})
    assert trail(parts, instance, "reset.too_many") == [entry]
    clock.now = start + 3600
    assert len(ask(parts, instance)) == 4


def test_an_invited_user_who_forgot_gets_the_invitation_again_three_times_an_hour(
    parts: Parts, instance: Instance, erika: Account, clock: Watch
) -> None:
    clock.now += 3600
    for number in (2, 3, 4, 4):
        letters = ask(parts, instance, "erika")
        assert len(letters) == number
    assert "/activate/" in letters[-1]
    assert [entry[0] for entry in trail(parts, instance, "")][-2:] == ["activation.link_sent", "reset.too_many"]
    token = token_in(letters[-1])
    clock.now += 2 * 3600
    parts.resets.set_password(instance, "activation", token, NEW, NEW, CLIENT, clock(), plugin="", answer="")
    set_entry = {"factors_removed": 0, "cleared_by_plugins": []}
    assert trail(parts, instance, "activation.password_set") == [
        ("activation.password_set", clock.now, "erika", "", CLIENT.network, set_entry)
    ]


def test_a_link_whose_user_was_disabled_answers_like_any_dead_link(
    parts: Parts, instance: Instance, otto: Account, clock: Watch
) -> None:
    token = token_in(ask(parts, instance)[-1])
    with parts.database.write() as connection:
        connection.execute(m.user.update().where(m.user.c.id == otto.id).values(disabled=True))
    with pytest.raises(NotFound) as gone:
        parts.resets.open(instance, "reset", token, clock())
    assert gone.value.message == INVALID


class TestStrict:
    """With a factor that stays."""

    @pytest.fixture
    def strict(self) -> bool:
        return True

    def test_the_wanted_factor_is_shown_else_the_first_that_can_ask(
        self, parts: Parts, instance: Instance, otto: Account, clock: Watch
    ) -> None:
        fresh = bind(parts, instance, otto, "challengeraises", "remembering", "working")
        opened = parts.resets.open(fresh, "reset", token_in(ask(parts, fresh)[-1]), clock())
        for wanted, without, first, others in (
            ("working", (), "working", ("challengeraises", "remembering")),
            ("challengeraises", (), "remembering", ("challengeraises", "working")),
            ("", (), "remembering", ("challengeraises", "working")),
            ("remembering", ("remembering",), "working", ("challengeraises",)),
        ):
            found = parts.resets.show(fresh, opened, wanted, frozenset(without))
            assert found is not None
            assert (found.plugin, found.others) == (first, others)
        assert found.challenge.context == {"purpose": "login", "user": "otto"}
        assert parts.resets.show(fresh, opened, "", frozenset({"remembering", "working"})) is None

    def test_a_code_of_the_named_factor_or_else_of_the_first_sets_the_password(
        self, parts: Parts, instance: Instance, otto: Account, clock: Watch
    ) -> None:
        fresh = bind(parts, instance, otto, "remembering", "working")
        token = token_in(ask(parts, fresh)[-1])
        for factor in ("", "remembering", "unknown"):
            with pytest.raises(Denied) as denied:
                parts.resets.set_password(fresh, "reset", token, NEW, NEW, CLIENT, clock(), plugin=factor, answer=WORD)
            assert (denied.value.reason, denied.value.plugin) == ("wrong code", "remembering")
        parts.resets.set_password(fresh, "reset", token, NEW, NEW, CLIENT, clock(), plugin="working", answer=WORD)
        kept = {"factors_removed": 0, "cleared_by_plugins": []}
        assert trail(parts, instance, "reset.password_set") == [
            ("reset.password_set", clock.now, "otto", "", CLIENT.network, kept)
        ]
        assert [row.plugin for row in parts.factors.ledger.confirmed(otto.id)] == ["remembering", "working"]
        with parts.database.read() as connection:
            assert parts.factors.throttle.wrong_codes(connection, otto.id, clock()) == 3
            assert connection.execute(select(m.session.c.id)).all() == []
        assert mails(parts)[-1].startswith("Your password was changed\n")

    def test_a_hundredth_wrong_code_for_a_link_tells_the_user_that_codes_are_stopped(
        self, parts: Parts, instance: Instance, otto: Account, clock: Watch
    ) -> None:
        fresh = bind(parts, instance, otto, "working")
        with parts.database.write() as connection:
            for number in range(99):
                parts.factors.throttle.count_code(connection, otto.id, clock() + (number - 99) * 901)
        token = token_in(ask(parts, fresh)[-1])
        with pytest.raises(Denied):
            parts.resets.set_password(fresh, "reset", token, NEW, NEW, CLIENT, clock(), plugin="working", answer="no")
        assert mails(parts)[-1].startswith("Wrong login codes for your account\n")
        assert trail(parts, instance, "code.stopped") == [
            ("code.stopped", clock.now, "otto", "", "console", {"count": 100})
        ]

    def test_a_factor_that_is_switched_on_while_the_password_is_hashed_asks_for_its_code(
        self, parts: Parts, instance: Instance, otto: Account, clock: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bind(parts, instance, otto, "working")
        parts.plugins.deactivate(instance, "working", clock(), Actor())
        fresh = parts.instances.get(instance.host, clock())
        token = token_in(ask(parts, fresh)[-1])
        hash_it = parts.factors.proofs._passwords.hash

        def meanwhile(password: str) -> str:
            parts.plugins.activate(instance, "working", clock(), Actor())
            return hash_it(password)

        monkeypatch.setattr(parts.factors.proofs._passwords, "hash", meanwhile)
        with pytest.raises(Denied) as denied:
            parts.resets.set_password(fresh, "reset", token, NEW, NEW, CLIENT, clock(), plugin="", answer="")
        assert (denied.value.reason, denied.value.guess) == ("changed", False)
        user = parts.users.find(instance, "otto")
        assert user is not None
        assert user.password_hash == otto.password_hash
        again = parts.instances.get(instance.host, clock())
        assert [row.plugin for row in parts.resets.open(again, "reset", token, clock()).strict] == ["working"]
