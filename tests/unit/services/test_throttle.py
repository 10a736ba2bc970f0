# SPDX-License-Identifier: MIT
"""The counters against guessing: the exact delays, what takes them back, what they do not hold."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select

from ccm_core.db import models as m
from ccm_core.errors import Throttled
from ccm_core.services import accounts
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.throttle import DAY, STOPPED, STOPPED_STRICT, CodeStopped, PasswordAttempt, Throttle

NOW = 1_800_000_000.0
HERE, THERE = Client("192.0.2.0/24", "a browser"), Client("198.51.100.0/24", "a browser")


@pytest.fixture
def throttle(parts: Parts) -> Throttle:
    return Throttle(parts.vault)


@pytest.fixture
def connection(parts: Parts, erika: Account) -> Iterator[Connection]:
    with parts.database.write() as opened:
        yield opened


def attempt(
    throttle: Throttle,
    connection: Connection,
    now: float,
    *,
    name: str = "erika",
    client: Client = HERE,
    known: bool = True,
) -> PasswordAttempt:
    return throttle.count_password(connection, 1, name, client, now, known=known)


def wait_of(connection: Connection, count: int, now: float) -> float:
    """Return how long the row that counted so many attempts holds from now on."""
    query = select(m.throttle.c.blocked_until).where(m.throttle.c.count == count)
    return max(connection.execute(query).scalars()) - now


def test_the_delays_of_an_account_and_network(throttle: Throttle, connection: Connection) -> None:
    now, waits = NOW, []
    for _ in range(17):
        attempt(throttle, connection, now)
        until = select(m.throttle.c.blocked_until).where(m.throttle.c.free == 5)
        waits.append(max(0.0, connection.execute(until).scalar_one() - now))
        now += waits[-1] + 61
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_the_delays_of_an_account_over_all_networks(throttle: Throttle, connection: Connection) -> None:
    now, waits = NOW, []
    for number in range(1, 20):
        attempt(throttle, connection, now, client=Client(f"net{number}", ""), known=False)
        until = select(m.throttle.c.blocked_until).where(m.throttle.c.free == 10)
        waits.append(max(0.0, connection.execute(until).scalar_one() - now))
        now += waits[-1]
    assert waits == [0] * 9 + [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_network_has_thirty_attempts_in_a_minute_from_its_first(throttle: Throttle, connection: Connection) -> None:
    for number in range(30):
        attempt(throttle, connection, NOW + number, name=f"name{number}")
    with pytest.raises(Throttled) as held:
        attempt(throttle, connection, NOW + 30, name="another")
    assert held.value.retry_after == 31
    with pytest.raises(Throttled):
        attempt(throttle, connection, NOW + 59.9, name="another")
    attempt(throttle, connection, NOW + 60, name="another")
    for number in range(29):
        attempt(throttle, connection, NOW + 61, name=f"again{number}")
    with pytest.raises(Throttled):
        attempt(throttle, connection, NOW + 62, name="once more")


def test_an_attempt_during_the_delay_is_not_counted_and_does_not_prolong_it(
    throttle: Throttle, connection: Connection
) -> None:
    for _ in range(5):
        attempt(throttle, connection, NOW)
    with pytest.raises(Throttled):
        attempt(throttle, connection, NOW + 0.9)
    attempt(throttle, connection, NOW + 1)
    assert wait_of(connection, 6, NOW + 1) == 2


def test_the_delay_counts_anew_after_a_day(throttle: Throttle, connection: Connection) -> None:
    for number in range(5):
        attempt(throttle, connection, NOW + number * 1000)
    last = NOW + 4000
    attempt(throttle, connection, last + DAY)
    assert connection.execute(select(m.throttle.c.count).where(m.throttle.c.free == 5)).scalars().all() == [1]


def test_a_right_password_takes_its_own_count_back_and_frees_this_network(
    throttle: Throttle, connection: Connection
) -> None:
    for _ in range(4):
        attempt(throttle, connection, NOW, known=False)
    counted = attempt(throttle, connection, NOW, known=False)
    throttle.take_back_password(connection, counted)
    rows = connection.execute(select(m.throttle.c.free, m.throttle.c.count)).all()
    assert sorted(tuple(row) for row in rows) == [(5, 0), (10, 4), (30, 4)]
    assert set(connection.execute(select(m.throttle.c.blocked_until)).scalars()) == {0.0}


def test_taking_back_does_not_free_what_others_earned(throttle: Throttle, connection: Connection) -> None:
    for number in range(11):
        attempt(throttle, connection, NOW + number * 60, client=Client(f"net{number}", ""), known=False)
    counted = attempt(throttle, connection, NOW + 700, known=False)
    throttle.take_back_password(connection, counted)
    held = select(m.throttle.c.count, m.throttle.c.blocked_until).where(m.throttle.c.free == 10)
    assert tuple(connection.execute(held).one()) == (11, NOW + 704)


def test_a_known_network_is_not_held_by_the_count_of_the_account(throttle: Throttle, connection: Connection) -> None:
    for number in range(10):
        attempt(throttle, connection, NOW, client=Client(f"net{number}", ""), known=False)
    with pytest.raises(Throttled):
        attempt(throttle, connection, NOW, known=False)
    attempt(throttle, connection, NOW, known=True)


def test_a_network_is_known_for_90_days_to_its_account_alone(
    parts: Parts, throttle: Throttle, connection: Connection, instance: Instance, erika: Account
) -> None:
    throttle.remember_network(connection, instance.id, erika.id, HERE, NOW)
    key, other = throttle.network_key(instance.id, HERE), throttle.network_key(instance.id, THERE)

    def known(network: bytes, now: float, name: str = "erika") -> bool:
        return accounts.find_to_log_in(connection, instance, name, network, now - 90 * DAY)[1]

    assert known(key, NOW + 90 * DAY - 1)
    assert not known(key, NOW + 90 * DAY)
    assert not known(other, NOW)
    assert not known(key, NOW, "otto")
    throttle.remember_network(connection, instance.id, erika.id, HERE, NOW + DAY)
    assert known(key, NOW + 91 * DAY - 1)


def test_rows_tell_neither_names_nor_networks(throttle: Throttle, connection: Connection) -> None:
    attempt(throttle, connection, NOW, known=False)
    keys = connection.execute(select(m.throttle.c.key)).scalars().all()
    assert {len(key) for key in keys} == {32}
    assert throttle.network_key(1, HERE) != throttle.network_key(2, HERE)


def pause_after(throttle: Throttle, connection: Connection, user: Account, now: float) -> float:
    throttle.count_code(connection, user.id, now)
    return max(0.0, connection.execute(select(m.code_counter.c.paused_until)).scalar_one() - now)


def test_the_pauses_of_codes(throttle: Throttle, connection: Connection, erika: Account) -> None:
    now, pauses = NOW, []
    for _ in range(13):
        pauses.append(pause_after(throttle, connection, erika, now))
        now += pauses[-1]
    assert pauses == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900]


def test_during_a_pause_nothing_is_counted(throttle: Throttle, connection: Connection, erika: Account) -> None:
    for _ in range(5):
        throttle.count_code(connection, erika.id, NOW)
    with pytest.raises(Throttled) as held:
        throttle.count_code(connection, erika.id, NOW + 29)
    assert (held.value.retry_after, type(held.value)) == (2, Throttled)
    assert throttle.wrong_codes(connection, erika.id, NOW) == 5
    throttle.count_code(connection, erika.id, NOW + 30)


def test_a_right_code_ends_the_doubling_and_takes_back_its_own_count_alone(
    throttle: Throttle, connection: Connection, erika: Account
) -> None:
    for _ in range(4):
        throttle.count_code(connection, erika.id, NOW)
    throttle.count_code(connection, erika.id, NOW)
    throttle.take_back_code(connection, erika.id, NOW)
    assert throttle.wrong_codes(connection, erika.id, NOW) == 4
    assert pause_after(throttle, connection, erika, NOW) == 0


def count_wrong(throttle: Throttle, connection: Connection, user: Account, number: int, day: int) -> None:
    """Count wrong codes on one day, each after the pause of the one before."""
    for place in range(number):
        throttle.count_code(connection, user.id, NOW + day * DAY + place * 901)


def test_a_hundred_wrong_codes_in_thirty_days_stop(throttle: Throttle, connection: Connection, erika: Account) -> None:
    for day, number in ((0, 40), (15, 40), (29, 20)):
        count_wrong(throttle, connection, erika, number, day)
    with pytest.raises(CodeStopped) as stopped:
        throttle.count_code(connection, erika.id, NOW + 29 * DAY + 20 * 901)
    assert stopped.value.retry_after == DAY
    assert throttle.wrong_codes(connection, erika.id, NOW + 29 * DAY) == 100


def test_whoever_is_stopped_is_sent_to_a_new_password_only_where_that_helps(
    parts: Parts, connection: Connection, erika: Account
) -> None:
    count_wrong(Throttle(parts.vault), connection, erika, 100, 0)
    throttles = {STOPPED: Throttle(parts.vault), STOPPED_STRICT: Throttle(parts.vault, resets_help=False)}
    for sentence, throttle in throttles.items():
        with pytest.raises(CodeStopped) as stopped:
            throttle.count_code(connection, erika.id, NOW + DAY)
        assert stopped.value.message == sentence


def test_attempts_that_name_nobody_count_for_their_network_in_their_instance(
    throttle: Throttle, connection: Connection
) -> None:
    for _ in range(30):
        throttle.count_network(connection, 1, HERE, NOW)
    with pytest.raises(Throttled):
        attempt(throttle, connection, NOW)
    throttle.count_network(connection, 1, THERE, NOW)
    throttle.count_network(connection, 2, HERE, NOW)


def test_reset_requests_count_for_their_network_in_their_instance(throttle: Throttle, connection: Connection) -> None:
    for _ in range(20):
        throttle.count_reset_request(connection, 1, HERE, NOW)
    with pytest.raises(Throttled):
        throttle.count_reset_request(connection, 1, HERE, NOW + 3599)
    throttle.count_reset_request(connection, 1, THERE, NOW)
    throttle.count_reset_request(connection, 2, HERE, NOW)
    throttle.count_reset_request(connection, 1, HERE, NOW + 3600)


def test_wrong_codes_roll_over_after_thirty_days(throttle: Throttle, connection: Connection, erika: Account) -> None:
    for day, number in ((0, 40), (15, 40), (29, 19)):
        count_wrong(throttle, connection, erika, number, day)
    assert throttle.wrong_codes(connection, erika.id, NOW + 29 * DAY) == 99
    assert throttle.wrong_codes(connection, erika.id, NOW + 30 * DAY) == 59
    count_wrong(throttle, connection, erika, 41, 30)
    with pytest.raises(CodeStopped):
        throttle.count_code(connection, erika.id, NOW + 31 * DAY)
    throttle.count_code(connection, erika.id, NOW + 45 * DAY)


def test_a_right_code_late_at_night_takes_back_the_day_on_which_it_was_counted(
    throttle: Throttle, connection: Connection, erika: Account
) -> None:
    midnight = (NOW // DAY + 1) * DAY
    throttle.count_code(connection, erika.id, midnight - 1)
    throttle.take_back_code(connection, erika.id, midnight - 1)
    assert throttle.wrong_codes(connection, erika.id, midnight) == 0


def test_lifting_the_stop_forgets_every_wrong_code(throttle: Throttle, connection: Connection, erika: Account) -> None:
    count_wrong(throttle, connection, erika, 40, 0)
    throttle.clear_codes(connection, erika.id)
    assert throttle.wrong_codes(connection, erika.id, NOW) == 0
    assert pause_after(throttle, connection, erika, NOW) == 0


def test_what_can_hold_nobody_any_more_is_forgotten(throttle: Throttle, connection: Connection, erika: Account) -> None:
    attempt(throttle, connection, NOW, known=False)
    throttle.count_code(connection, erika.id, NOW)
    throttle.remember_network(connection, 1, erika.id, HERE, NOW)
    tables = (m.throttle, m.code_day, m.known_network)

    def left(now: float) -> list[int]:
        throttle.forget(connection, now)
        return [len(connection.execute(select(table)).all()) for table in tables]

    assert left(NOW + 2 * DAY) == [3, 1, 1]
    assert left(NOW + 2 * DAY + 1) == [0, 1, 1]
    assert left(NOW + 30 * DAY) == [0, 0, 1]
    assert left(NOW + 90 * DAY) == [0, 0, 0]
