# SPDX-License-Identifier: MIT
"""Failures of plugins: recorded once a minute and process, shown latest first, cleared by a restart or a retry."""

import pytest
from structlog.testing import capture_logs

from ccm_core.plugin_manager.faults import Fault
from ccm_core.services.faults import REASON_LENGTH, Faults
from ccm_core.services.parts import Parts
from tests.databases import locked
from tests.unit.services.conftest import Watch, give_up_at_once

FAULT = Fault("x", "verify", "it broke")


@pytest.fixture
def faults(parts: Parts, clock: Watch) -> Faults:
    return Faults(parts.database, clock, "node")


def test_a_failure_is_recorded_with_place_process_and_time(faults: Faults, clock: Watch) -> None:
    faults.report(FAULT)
    (recorded,) = faults.of("x")
    assert (recorded.hook, recorded.reason, recorded.node, recorded.at) == ("verify", "it broke", "node", clock.now)
    assert recorded.pid > 0
    assert faults.of("y") == ()


def test_the_same_failure_is_written_at_most_once_a_minute_and_kept_once(faults: Faults, clock: Watch) -> None:
    begun, seen = clock.now, []
    for after in (0, 1, 59, 60, 61, 120):
        clock.now = begun + after
        faults.report(FAULT)
        (recorded,) = faults.of("x")
        seen.append(recorded.at - begun)
    assert seen == [0, 0, 0, 60, 60, 120]


def test_another_failure_is_recorded_at_once(faults: Faults) -> None:
    for hook in ("verify", "view"):
        faults.report(Fault("x", hook, "it broke"))
    faults.report(Fault("y", "verify", "it broke"))
    assert faults.counts() == {"x": 2, "y": 1}


def test_a_long_reason_is_cut(faults: Faults) -> None:
    faults.report(Fault("x", "view", "y" * 5000))
    assert faults.of("x")[0].reason == "y" * REASON_LENGTH


def test_a_restart_clears_the_failures_of_its_own_node(parts: Parts, faults: Faults, clock: Watch) -> None:
    other = Faults(parts.database, clock, "another node")
    faults.report(FAULT)
    other.report(FAULT)
    faults.clear_node()
    assert [recorded.node for recorded in faults.of("x")] == ["another node"]


def test_a_retry_clears_the_failures_of_the_plugin_and_tells_every_process(parts: Parts, faults: Faults) -> None:
    faults.report(FAULT)
    faults.report(Fault("y", "view", "it broke"))
    assert (faults.ask_retry("x"), faults.ask_retry("x")) == (1, 2)
    assert (faults.of("x"), len(faults.of("y"))) == ((), 1)
    assert parts.faults.retries() == {"x": 2}
    faults.report(FAULT)
    assert len(faults.of("x")) == 1


def test_a_failure_that_cannot_be_recorded_stops_nothing(parts: Parts, faults: Faults) -> None:
    give_up_at_once(parts.database)
    with locked(parts.database), capture_logs() as logs:
        faults.report(FAULT)
    told = [(line["event"], line["plugin"]) for line in logs]
    assert told == [("plugin.failed", "x"), ("plugin.failure_not_recorded", "x")]
