# SPDX-License-Identifier: MIT
"""Instances and plans: what is active when, who may begin, and what is left when a plan ends."""

import pytest

from ccm_core.errors import Conflict, InputError, NotFound
from ccm_core.services.instances import CLOUD, ON_PREMISE, Activation, Instances
from ccm_core.services.parts import Parts
from ccm_core.services.user_admin import Actor
from tests.unit.services.conftest import Watch


@pytest.fixture
def instances(parts: Parts, clock: Watch) -> Instances:
    parts.instances.include("gold", "twofactor", clock.now + 100, clock.now)
    parts.instances.include("basic", "other", clock.now, clock.now)
    parts.instances.add("gold.example", CLOUD, "gold", clock.now)
    return parts.instances


def active(instances: Instances, now: float, host: str = "gold.example") -> dict[str, Activation]:
    return dict(instances.get(host, now).active)


def test_a_plan_brings_its_plugins_from_their_date_on(instances: Instances, clock: Watch) -> None:
    assert active(instances, clock.now + 99.9) == {}
    assert active(instances, clock.now + 100) == {"twofactor": Activation("twofactor", everyone=True, by_plan=True)}


def test_the_date_of_a_plan_can_be_moved(instances: Instances, clock: Watch) -> None:
    instances.include("gold", "twofactor", clock.now + 500, clock.now)
    assert active(instances, clock.now + 499) == {}
    assert "twofactor" in active(instances, clock.now + 500)


def test_a_plugin_that_a_plan_has_begun_with_cannot_be_dated_later(instances: Instances, clock: Watch) -> None:
    begun = clock.now + 200
    with pytest.raises(Conflict, match="--exclude"):
        instances.include("gold", "twofactor", begun + 1000, begun)
    assert "twofactor" in active(instances, begun)


def test_a_plugin_that_left_the_plan_stays_for_those_who_have_it_and_admits_nobody(
    instances: Instances, clock: Watch
) -> None:
    later = clock.now + 200
    instances.exclude("gold", "twofactor", later)
    assert active(instances, later) == {"twofactor": Activation("twofactor", everyone=True, admits=False)}


def test_a_plugin_that_was_not_there_yet_leaves_no_trace(instances: Instances, clock: Watch) -> None:
    instances.exclude("gold", "twofactor", clock.now)
    assert active(instances, clock.now + 1000) == {}


def test_another_plan_keeps_what_both_include_and_ends_the_rest(instances: Instances, clock: Watch) -> None:
    instances.include("silver", "twofactor", clock.now, clock.now)
    instances.include("silver", "more", clock.now, clock.now)
    later = clock.now + 200
    instances.assign("gold.example", "silver", later)
    assert {name: one.admits for name, one in active(instances, later).items()} == {"twofactor": True, "more": True}
    instances.assign("GOLD.example", "basic", later)
    assert {name: one.admits for name, one in active(instances, later).items()} == {
        "twofactor": False,
        "more": False,
        "other": True,
    }
    instances.assign("gold.example", "gold", later)
    assert active(instances, later)["twofactor"].admits


def test_what_an_administrator_activated_is_no_plan_s_to_end(parts: Parts, instances: Instances, clock: Watch) -> None:
    later = clock.now + 200
    instance = instances.get("gold.example", clock.now)
    parts.plugins.activate(instance, "twofactor", clock.now, Actor())
    instances.exclude("gold", "twofactor", clock.now)
    assert active(instances, later) == {"twofactor": Activation("twofactor", everyone=False)}


def test_what_an_administrator_deactivated_no_plan_brings_back(
    parts: Parts, instances: Instances, clock: Watch
) -> None:
    later = clock.now + 200
    parts.plugins.deactivate(instances.get("gold.example", later), "twofactor", later, Actor())
    assert active(instances, later) == {}


def test_an_ended_plugin_admits_again_once_an_administrator_activates_it(
    parts: Parts, instances: Instances, clock: Watch
) -> None:
    later = clock.now + 200
    instances.exclude("gold", "twofactor", later)
    parts.plugins.activate(instances.get("gold.example", later), "twofactor", later, Actor())
    assert active(instances, later)["twofactor"].admits


def test_plans_and_instances_that_do_not_exist_are_told(instances: Instances, clock: Watch) -> None:
    with pytest.raises(NotFound, match="no plan none"):
        instances.assign("gold.example", "none", clock.now)
    with pytest.raises(NotFound, match=r"no instance x\.example"):
        instances.assign("x.example", "gold", clock.now)
    with pytest.raises(NotFound, match="no plan none"):
        instances.add("new.example", CLOUD, "none", clock.now)
    assert [host for host, _ in instances.hosts()] == ["gold.example"]


def test_an_instance_is_found_by_its_lower_case_name_alone(instances: Instances, clock: Watch) -> None:
    instances.add("Other.EXAMPLE", CLOUD, None, clock.now)
    found = instances.by_host("other.example", clock.now)
    assert found is not None
    assert (found.host, found.origin, found.edition) == ("other.example", "http://other.example:8019", CLOUD)
    for host in ("", "OTHER.example", "other.example.", "%"):
        assert instances.by_host(host, clock.now) is None


def test_the_only_instance_needs_no_name_and_several_do(parts: Parts, clock: Watch) -> None:
    with pytest.raises(NotFound, match="ccm init"):
        parts.instances.get(None, clock.now)
    parts.instances.add("one.example", ON_PREMISE, None, clock.now)
    assert parts.instances.get(None, clock.now).host == "one.example"
    parts.instances.add("two.example", CLOUD, None, clock.now)
    with pytest.raises(Conflict, match="--instance HOST"):
        parts.instances.get(None, clock.now)
    with pytest.raises(Conflict, match=r"two\.example exists already"):
        parts.instances.add("TWO.example", CLOUD, None, clock.now)


@pytest.mark.parametrize("host", ["", " ", "a b", "a/b", "a@b", "ä.example", "-a", ".a", "a-", "x" * 254, "a_b", "a\0"])
def test_what_is_no_host_name_is_refused(parts: Parts, clock: Watch, host: str) -> None:
    with pytest.raises(InputError) as refused:
        parts.instances.add(host, CLOUD, None, clock.now)
    assert refused.value.field == "host"


def test_what_is_active_is_read_once_for_a_request_and_anew_for_the_next(instances: Instances, clock: Watch) -> None:
    earlier, before = instances.get("gold.example", clock.now), instances.get("gold.example", clock.now)
    assert dict(before.active) == {}
    instances.include("gold", "at-once", clock.now, clock.now)
    assert dict(before.active) == {}
    assert set(earlier.active) == {"at-once"}
    assert set(instances.get("gold.example", clock.now).active) == {"at-once"}
