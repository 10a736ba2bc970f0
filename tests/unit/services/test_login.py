# SPDX-License-Identifier: MIT
"""From password to session: what must still hold when a checked code is applied, and what a refusal leaves."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.services import accounts
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.enrolments import place
from ccm_core.services.instances import Instance
from ccm_core.services.login import NO_FACTOR, WRONG, Shown
from ccm_core.services.parts import Parts
from ccm_core.services.pending_logins import Pending
from ccm_core.services.proofs import Denied
from ccm_core.services.user_admin import Actor
from tests.unit.services.conftest import Watch, services_with

CLIENT = Client("192.0.2.0/24", "a browser")
PASSWORD, WORD = "correct horse battery staple", "open sesame"


@pytest.fixture
def parts(settings: Settings, clock: Watch, tmp_path: Path) -> Iterator[Parts]:
    """The services with plugins of the tests."""
    with services_with(
        tmp_path, settings, clock, "working", "passed_foreign", "remembering", "challenge_raises"
    ) as assembled:
        yield assembled


@pytest.fixture
def otto(parts: Parts, instance: Instance, clock: Watch) -> Account:
    """A user with a password and a second factor of the plugin ``working``."""
    user = parts.users.add(instance, "otto", "otto@example.org", "user", clock(), Actor(), password=PASSWORD)
    bind(parts, instance, user, "working")
    return user


def bind(parts: Parts, instance: Instance, user: Account, plugin: str) -> None:
    now = parts.clock()
    parts.plugins.activate(instance, plugin, now, Actor())
    values = {"instance_id": instance.id, "user_id": user.id, "plugin": plugin, "label": plugin, "counter": 0}
    values |= {"data": parts.vault.seal(WORD.encode(), place=place(instance.id, user.id, plugin))}
    with parts.database.write() as connection:
        connection.execute(insert(m.enrolment).values(values | {"confirmed": True, "created_at": now}))


def begin(parts: Parts, instance: Instance, name: str = "otto") -> Pending:
    """Take the password, and return the pending login that waits for a code."""
    now, fresh = parts.clock(), parts.instances.get(instance.host, parts.clock())
    step = parts.logins.password(fresh, name, PASSWORD, CLIENT, now)
    assert step.session_token is None
    pending = parts.logins.pending(fresh, step.pending_token or "", now)
    assert pending is not None
    return pending


def answer(parts: Parts, instance: Instance, pending: Pending, plugin: str = "working", word: str = WORD) -> str:
    now = parts.clock()
    fresh = parts.instances.get(instance.host, now)
    return parts.logins.code(fresh, pending, plugin, word, CLIENT, now)


def rows(parts: Parts, table: str) -> int:
    with parts.database.read() as connection:
        return len(connection.execute(select(m.metadata.tables[table])).all())


def wrong_codes(parts: Parts, user: Account) -> int:
    with parts.database.read() as connection:
        return parts.factors.throttle.wrong_codes(connection, user.id, parts.clock())


def test_a_passed_code_makes_a_session_and_ends_the_pending_login(
    parts: Parts, instance: Instance, otto: Account, clock: Watch
) -> None:
    pending = begin(parts, instance)
    assert (rows(parts, "session"), rows(parts, "pending_login")) == (0, 1)
    session = parts.sessions.look(answer(parts, instance, pending), instance, clock())
    assert session is not None
    assert (session.account.id, session.passed_enrolment) == (otto.id, pending.rows[0].id)
    assert (rows(parts, "session"), rows(parts, "pending_login"), wrong_codes(parts, otto)) == (1, 0, 0)


def restamp(parts: Parts, user: Account) -> None:
    with parts.database.write() as connection:
        accounts.restamp(connection, user.id)


def disable(parts: Parts, user: Account) -> None:
    with parts.database.write() as connection:
        connection.execute(update(m.user).where(m.user.c.id == user.id).values(disabled=True))


def change_password(parts: Parts, user: Account) -> None:
    with parts.database.write() as connection:
        connection.execute(update(m.user).where(m.user.c.id == user.id).values(password_hash="other"))


def deactivate(parts: Parts, user: Account) -> None:
    with parts.database.write() as connection:
        connection.execute(update(m.activation).values(state="inactive"))


def take_away(parts: Parts, user: Account) -> None:
    with parts.database.write() as connection:
        connection.execute(delete(m.enrolment).where(m.enrolment.c.user_id == user.id))


def use_elsewhere(parts: Parts, user: Account) -> None:
    with parts.database.write() as connection:
        connection.execute(update(m.enrolment).values(version=m.enrolment.c.version + 1))


def go_back(parts: Parts, user: Account) -> None:
    with parts.database.write() as connection:
        connection.execute(delete(m.pending_login))


MEANWHILE = [restamp, disable, change_password, deactivate, take_away, use_elsewhere, go_back]


@pytest.mark.parametrize("change", MEANWHILE)
def test_what_changed_since_the_page_was_drawn_makes_a_right_code_worthless(
    parts: Parts, instance: Instance, otto: Account, change: Callable[[Parts, Account], None]
) -> None:
    pending = begin(parts, instance)
    before = parts.factors.ledger.confirmed(otto.id)
    change(parts, otto)
    changed = parts.factors.ledger.confirmed(otto.id)
    with pytest.raises(Denied):
        answer(parts, instance, pending)
    assert rows(parts, "session") == 0
    assert parts.factors.ledger.confirmed(otto.id) == changed
    assert before[0].counter == 0
    assert parts.users.get(instance, otto.id).last_login_at is None


def test_a_pass_in_the_name_of_another_enrolment_is_none(parts: Parts, instance: Instance, otto: Account) -> None:
    karl = parts.users.add(instance, "karl", "karl@example.org", "user", parts.clock(), Actor(), password=PASSWORD)
    bind(parts, instance, karl, "passedforeign")
    bind(parts, instance, otto, "passedforeign")
    pending = begin(parts, instance, "karl")
    with pytest.raises(Denied) as denied:
        answer(parts, instance, pending, "passedforeign")
    assert (denied.value.reason, rows(parts, "session"), wrong_codes(parts, karl)) == ("failed", 0, 0)


def test_a_wrong_code_is_counted_and_the_fifth_ends_the_pending_login(
    parts: Parts, instance: Instance, otto: Account
) -> None:
    pending = begin(parts, instance)
    for number in range(1, 6):
        with pytest.raises(Denied):
            answer(parts, instance, pending, word="wrong")
        assert (wrong_codes(parts, otto), rows(parts, "pending_login")) == (number, int(number < 5))


def test_a_pending_login_is_over_after_its_time(parts: Parts, instance: Instance, otto: Account, clock: Watch) -> None:
    pending = begin(parts, instance)
    clock.now += 300
    with pytest.raises(Denied) as denied:
        answer(parts, instance, pending)
    assert (denied.value.message, rows(parts, "session"), wrong_codes(parts, otto)) == (NO_FACTOR, 0, 0)
    latest = parts.audit.entries(instance.id, limit=1)[0]
    assert (latest.event, latest.user_name, latest.network) == ("code.refused", "otto", CLIENT.network)
    assert latest.detail == {"reason": "over", "purpose": "login", "plugin": "working"}


def test_active_plugins_hear_who_signed_in_with_which_factor_when_and_from_where(
    parts: Parts, instance: Instance, otto: Account, clock: Watch
) -> None:
    pending, clock.now = begin(parts, instance), clock.now + 7
    answer(parts, instance, pending)
    (heard,) = sys.modules["working"].heard
    told = (heard.user, heard.factor, heard.at, heard.device, heard.network)
    assert told == (otto.to_plugin(), "working", clock.now, "a", CLIENT.network)


def shown(parts: Parts, instance: Instance, pending: Pending, wanted: str) -> Shown:
    """Ask for a challenge, as a page does that was opened anew."""
    fresh = parts.instances.get(instance.host, parts.clock())
    found = parts.logins.show(fresh, pending, wanted)
    assert found is not None
    return found


def test_the_wanted_factor_is_shown_else_the_first_that_can_ask(
    parts: Parts, instance: Instance, otto: Account
) -> None:
    for plugin in ("challengeraises", "remembering"):
        bind(parts, instance, otto, plugin)
    pending = begin(parts, instance)
    for wanted, first, others in (
        ("working", "working", ("challengeraises", "remembering")),
        ("remembering", "remembering", ("challengeraises", "working")),
        ("challengeraises", "remembering", ("challengeraises", "working")),
        ("", "remembering", ("challengeraises", "working")),
    ):
        found = shown(parts, instance, pending, wanted)
        assert (found.plugin, found.others) == (first, others)


def test_a_plugin_gets_its_own_state_back_even_if_the_user_looked_at_a_factor_that_keeps_none(
    parts: Parts, instance: Instance, otto: Account, clock: Watch
) -> None:
    for plugin in ("passedforeign", "remembering"):
        bind(parts, instance, otto, plugin)
    fresh = parts.instances.get(instance.host, clock())
    token = parts.logins.password(fresh, "otto", PASSWORD, CLIENT, clock()).pending_token or ""

    def seen(wanted: str) -> object:
        pending = parts.logins.pending(fresh, token, clock())
        assert pending is not None
        return shown(parts, instance, pending, wanted).challenge.context.get("seen")

    assert [seen("remembering"), seen("passedforeign"), seen("remembering")] == [".", None, ".."]
    seen("working")
    assert seen("remembering") == "."
    with parts.database.write() as connection:
        connection.execute(update(m.pending_login).values(state=b"not sealed"))
    assert seen("remembering") == "."


def test_what_the_plugin_wants_to_remember_is_sealed_comes_back_and_is_written_once(
    parts: Parts, instance: Instance, otto: Account
) -> None:
    def kept() -> bytes | None:
        with parts.database.read() as connection:
            return connection.execute(select(m.pending_login.c.state)).scalar_one()

    pending = begin(parts, instance)
    shown(parts, instance, pending, "working")
    sealed = kept() or b""
    assert b"asked" not in sealed
    assert parts.vault.unseal(sealed, place=f"pending/{pending.id}") == b"asked"
    shown(parts, instance, replace(pending, state_plugin="working", state=sealed), "working")
    assert kept() == sealed


def test_the_trail_tells_who_logged_in_from_where_and_which_passwords_were_refused(
    parts: Parts, instance: Instance, clock: Watch
) -> None:
    parts.users.add(instance, "karl", "karl@example.org", "user", clock(), Actor(), password=PASSWORD)
    for name, typed in (("nobody", PASSWORD), ("karl", "wrong")):
        with pytest.raises(Denied) as denied:
            parts.logins.password(instance, name, typed, CLIENT, clock())
        assert (denied.value.reason, denied.value.message) == ("password", WRONG)
    parts.logins.password(instance, "karl", PASSWORD, CLIENT, clock())
    found = [
        (one.event, one.user_name, one.network, one.detail) for one in parts.audit.entries(instance.id, event="login")
    ]
    refused = {"reason": "password"}
    assert found == [
        ("login.succeeded", "karl", CLIENT.network, {}),
        ("login.refused", "karl", CLIENT.network, refused),
        ("login.refused", "", CLIENT.network, refused),
    ]


def test_the_password_step_ends_what_the_browser_holds(parts: Parts, instance: Instance, otto: Account) -> None:
    karl = parts.users.add(instance, "karl", "karl@example.org", "user", parts.clock(), Actor(), password=PASSWORD)
    now = parts.clock()
    with parts.database.write() as connection:
        old = parts.sessions.create(connection, instance, karl, None, CLIENT, now)
    waiting = parts.logins.password(instance, "otto", PASSWORD, CLIENT, now).pending_token or ""
    for typed, left in (("wrong", True), (PASSWORD, False)):
        with suppress(Denied):
            parts.logins.password(instance, "otto", typed, CLIENT, now, old_session=old, old_pending=waiting)
        assert (parts.sessions.look(old, instance, now) is not None) == left
        assert (parts.logins.pending(instance, waiting, now) is not None) == left
