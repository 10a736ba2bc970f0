# SPDX-License-Identifier: MIT
"""What the services tell whoever counts: once, when it is committed, and nothing of what was rolled back."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.dialects import sqlite

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.errors import Busy, Throttled
from ccm_core.plugin_manager.faults import Fault
from ccm_core.services.accounts import Account
from ccm_core.services.figures import Figures
from ccm_core.services.hashing import Argon2Cffi
from ccm_core.services.instances import Instance
from ccm_core.services.metrics import Attempt, Metrics, Outcome, Purpose, SignIn
from ccm_core.services.outbox import _WAITING
from ccm_core.services.parts import Parts
from ccm_core.services.passwords import PLACES, Passwords
from ccm_core.services.proofs import Denied
from ccm_core.services.throttle import CODE_STOP, CODE_TRIES, DAY
from ccm_core.services.user_admin import Actor
from tests.unit.services.conftest import Watch, services_with
from tests.unit.services.test_login import CLIENT, PASSWORD, answer, begin, bind


class Recorder(Metrics):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def taken(self) -> list[tuple[object, ...]]:
        """Return what was told since the last time."""
        told, self.told = self.told, []
        return told

    def sign_in(self, result: SignIn) -> None:
        self.told.append(("sign-in", result))

    def challenge(self, plugin: str, purpose: Purpose, outcome: Outcome) -> None:
        self.told.append((plugin, purpose, outcome))

    def throttled(self, attempt: Attempt) -> None:
        self.told.append(("throttled", attempt))

    def hash_waits(self, change: int) -> None:
        self.told.append(("waiting", change))

    def hash_runs(self, change: int) -> None:
        self.told.append(("running", change))

    def hash_refused(self) -> None:
        self.told.append(("hash refused",))

    def plugin_failed(self, plugin: str, hook: str) -> None:
        self.told.append((plugin, hook))


HASH = [("waiting", 1), ("waiting", -1), ("running", 1), ("running", -1)]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def parts(settings: Settings, clock: Watch, tmp_path: Path, recorder: Recorder) -> Iterator[Parts]:
    plugins = ("working", "challenge_raises", "verify_raises")
    with services_with(tmp_path, settings, clock, *plugins, new_metrics=lambda _: recorder) as assembled:
        yield assembled


@pytest.fixture
def otto(parts: Parts, instance: Instance, clock: Watch, recorder: Recorder) -> Account:
    """A user with a password and a second factor of the plugin ``working``."""
    user = parts.users.add(instance, "otto", "otto@example.org", "user", clock(), Actor(), password=PASSWORD)
    bind(parts, instance, user, "working")
    recorder.taken()
    return user


def fresh(parts: Parts, instance: Instance) -> Instance:
    return parts.instances.get(instance.host, parts.clock())


def test_the_steps_of_a_sign_in(parts: Parts, instance: Instance, otto: Account, recorder: Recorder) -> None:
    pending = begin(parts, instance)
    assert recorder.taken() == HASH
    with pytest.raises(Denied):
        answer(parts, instance, pending, word="wrong")
    assert recorder.taken() == [("sign-in", "code_refused"), ("working", "login", "refused")]
    answer(parts, instance, pending)
    assert recorder.taken() == [("sign-in", "succeeded"), ("working", "login", "passed")]
    with pytest.raises(Denied):
        parts.logins.password(fresh(parts, instance), "otto", "wrong", CLIENT, parts.clock())
    assert recorder.taken() == [*HASH, ("sign-in", "password_refused")]


def test_a_sign_in_without_a_second_factor(parts: Parts, instance: Instance, clock: Watch, recorder: Recorder) -> None:
    parts.users.add(instance, "erika", "erika@example.org", "user", clock(), Actor(), password=PASSWORD)
    recorder.taken()
    parts.logins.password(instance, "erika", PASSWORD, CLIENT, clock())
    assert recorder.taken() == [*HASH, ("sign-in", "succeeded")]


def test_what_nobody_could_judge_has_failed(
    parts: Parts, instance: Instance, otto: Account, recorder: Recorder
) -> None:
    pending = begin(parts, instance)
    with parts.database.write() as connection:
        connection.execute(update(m.user).where(m.user.c.id == otto.id).values(stamp=99))
    recorder.taken()
    with pytest.raises(Denied):
        answer(parts, instance, pending)
    assert recorder.taken() == [("sign-in", "failed"), ("working", "login", "failed")]


def test_a_factor_that_does_not_work(parts: Parts, instance: Instance, clock: Watch, recorder: Recorder) -> None:
    user = parts.users.add(instance, "erika", "erika@example.org", "user", clock(), Actor(), password=PASSWORD)
    bind(parts, instance, user, "challengeraises")
    pending = begin(parts, instance, "erika")
    recorder.taken()
    with pytest.raises(Denied):
        answer(parts, instance, pending, "challengeraises")
    refused = [("sign-in", "failed"), ("challengeraises", "login", "failed")]
    assert recorder.taken() == [("challengeraises", "ccm_login_challenge"), *refused]


def test_a_confirmation_is_no_sign_in(parts: Parts, instance: Instance, otto: Account, recorder: Recorder) -> None:
    token = answer(parts, instance, begin(parts, instance))
    now, own = parts.clock(), fresh(parts, instance)
    session = parts.sessions.look(token, own, now, CLIENT)
    assert session is not None
    recorder.taken()
    with pytest.raises(Denied):
        parts.confirmations.confirm(own, session, PASSWORD, "working", "wrong", CLIENT, now)
    assert recorder.taken() == [*HASH, ("working", "confirmation", "refused")]


def test_what_could_not_be_committed_is_not_counted(
    parts: Parts, instance: Instance, otto: Account, recorder: Recorder
) -> None:
    pending = begin(parts, instance)
    recorder.taken()
    with parts.database.write() as connection:
        m.known_network.drop(connection)
    with pytest.raises(Busy):
        answer(parts, instance, pending)
    assert recorder.taken() == []


def test_attempts_that_wait(parts: Parts, instance: Instance, otto: Account, recorder: Recorder) -> None:
    now, throttle = parts.clock(), parts.factors.throttle

    def until_throttled(act: object) -> list[tuple[object, ...]]:
        for _ in range(200):
            try:
                with parts.database.write() as connection:
                    act(connection)  # type: ignore[operator]
            except Throttled:
                break
        return recorder.taken()

    own = instance.id
    assert until_throttled(lambda c: throttle.count_password(c, own, "x", CLIENT, now, known=True)) == [
        ("throttled", "password")
    ]
    assert until_throttled(lambda c: throttle.count_network(c, own, CLIENT, now)) == [("throttled", "password")]
    assert until_throttled(lambda c: throttle.count_reset_request(c, own, CLIENT, now)) == [
        ("throttled", "reset_request")
    ]
    assert until_throttled(lambda c: throttle.count_refusal(c, own, CLIENT, now)) == [("throttled", "refused_request")]
    assert until_throttled(lambda c: throttle.count_code(c, otto.id, now)) == [("throttled", "code")]
    with parts.database.write() as connection:
        assert throttle.wrong_codes(connection, otto.id, now) == CODE_TRIES
        connection.execute(update(m.code_day).values(count=CODE_STOP))
    assert until_throttled(lambda c: throttle.count_code(c, otto.id, now + DAY)) == [("throttled", "code_stopped")]


def test_hashes_that_wait_run_and_are_refused() -> None:
    figures = Figures(set(), 1, [])
    passwords = Passwords(1, 15, Argon2Cffi(), figures)
    begun, go = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go.wait(30)

    threads = [threading.Thread(target=passwords._run, args=(work,)) for _ in range(PLACES)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    wait = threading.Event()
    while numbers(figures) != (1, PLACES - 1, 0):
        wait.wait(0.01)
    with pytest.raises(Busy):
        passwords.hash("anything")
    assert numbers(figures) == (1, PLACES - 1, 1)
    go.set()
    for thread in threads:
        thread.join()
    assert numbers(figures) == (0, 0, 1)
    with pytest.raises(ZeroDivisionError):
        passwords._run(lambda: 1 // 0)
    assert numbers(figures) == (0, 0, 1)


def numbers(figures: Figures) -> tuple[float, float, float]:
    """Return how many hashes run, wait, and were refused."""
    totals = figures.totals()
    found = {(family.name, *labels): totals[at] for family in figures.families for labels, at in family.places()}
    running, waiting = (found["ccm_password_hashes", state] for state in ("running", "waiting"))
    return running, waiting, found["ccm_password_hashes_refused",]


def test_every_failure_of_a_plugin_counts_also_those_that_are_written_down_once(
    parts: Parts, recorder: Recorder
) -> None:
    for _ in range(3):
        parts.faults.report(Fault("working", "verify", "the same reason"))
    assert recorder.taken() == [("working", "verify")] * 3
    assert len(parts.faults.of("working")) == 1


def test_the_outbox_tells_how_much_waits_and_how_long(parts: Parts, instance: Instance, clock: Watch) -> None:
    assert (parts.outbox.waiting().count, parts.outbox.waiting().oldest) == (0, 0)
    for after in (0, 50):
        clock.now += after
        with parts.database.write() as connection:
            parts.outbox.add(connection, instance.id, "erika@example.org", "Subject", "text", None)
    clock.now += 100
    assert (parts.outbox.waiting().count, parts.outbox.waiting().oldest) == (2, 150)
    with parts.database.write() as connection:  # an attempt that failed: due again in an hour, and as old as before
        connection.execute(update(m.outbox).values(due_at=clock() + 3600))
    assert (parts.outbox.waiting().count, parts.outbox.waiting().oldest) == (2, 150)
    assert parts.outbox.deliver() == 0
    with parts.database.write() as connection:
        connection.execute(update(m.outbox).values(due_at=clock()))
    parts.outbox.deliver()
    assert (parts.outbox.waiting().count, parts.outbox.waiting().oldest) == (0, 0)


@pytest.mark.sqlite
def test_what_waits_is_found_by_an_index(parts: Parts) -> None:
    asked = _WAITING.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with parts.database.read() as connection:
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")]
    assert "SEARCH outbox USING INDEX ix_outbox_due_at (due_at>?)" in plan
    assert not any("SCAN outbox" in step for step in plan)
