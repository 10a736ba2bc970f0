# SPDX-License-Identifier: MIT
"""The manual: in the cloud edition an instance has the plugin from its plan's date on, without any click."""

import itertools
from collections.abc import Callable

import pytest

from ccm_core.testing.host import Host, Tenant
from tests.functional.acts import approve
from tests.functional.phone import ACCOUNT, DISABLE, DISABLE_BUTTON, ENABLE_BUTTON, SETUP, enrol

SECTION = "2-factor authentication"
PAGE = "/admin/plugins/twofactor"
DAY = 86400
Planned = Callable[[float], tuple[Tenant, str]]
numbers = itertools.count(1)


@pytest.fixture
def planned(host: Host) -> Planned:
    """Make an instance on a plan of its own that includes the plugin so many days from now."""

    def make(days: float) -> tuple[Tenant, str]:
        host.clock.to_step_start()
        plan = f"plan{next(numbers)}"
        host.parts.instances.include(plan, "twofactor", host.clock() + days * DAY, host.clock())
        fresh = host.tenant(plan=plan)
        fresh.add_user("admin", admin=True)
        fresh.add_user("erika")
        return fresh, plan

    return make


def test_before_the_plans_date_there_is_no_plugin_and_from_then_on_it_is_there(
    planned: Planned,
) -> None:
    tenant, _plan = planned(7)
    with tenant.host.client_of_each_worker() as clients:
        for client in clients:
            tenant.host.clock.move(DAY)
            browser = tenant.browser("erika")
            browser.client = client
            assert SECTION not in browser.get(ACCOUNT).headings
            assert browser.send("GET", SETUP).status_code == 404
        tenant.host.clock.move(5 * DAY - 1)
        browser = tenant.browser("erika")
        assert SECTION not in browser.get(ACCOUNT).headings
        tenant.host.clock.move(1)
        for client in clients:
            browser.client = client
            assert browser.get(ACCOUNT).form(f"{SETUP}/begin").buttons == [ENABLE_BUTTON]


def test_everybody_may_set_it_up_and_the_login_then_asks(planned: Planned) -> None:
    tenant, _plan = planned(0)
    erika = enrol(tenant, "erika")
    assert erika.at_second_dialog().path == "/login/challenge"
    erika.log_in()


def test_plugin_management_says_that_the_plan_includes_it(planned: Planned) -> None:
    tenant, _plan = planned(0)
    admin = tenant.browser("admin")
    assert "included in plan" in admin.get("/admin/plugins").text
    assert "/admin/plugins/twofactor/activate" not in {form.action for form in admin.page.forms}
    assert "/admin/plugins/twofactor/deactivate" in {form.action for form in admin.page.forms}


def test_an_administrator_can_deactivate_what_the_plan_includes_and_activate_it_again(
    planned: Planned,
) -> None:
    tenant, _plan = planned(0)
    erika = enrol(tenant, "erika")
    admin = tenant.browser("admin")
    admin.get(PAGE)
    approve(admin, f"{PAGE}/deactivate")
    assert erika.at_second_dialog().path == "/"
    tenant.host.clock.move(30 * DAY)
    assert erika.at_second_dialog().path == "/"
    admin = tenant.browser("admin")
    admin.get(PAGE)
    admin.submit(f"{PAGE}/activate")
    assert erika.at_second_dialog().path == "/login/challenge"


def test_after_the_plan_those_who_are_enrolled_keep_it_and_nobody_new_is_admitted(
    planned: Planned,
) -> None:
    tenant, plan = planned(0)
    erika = enrol(tenant, "erika")
    admin = tenant.browser("admin")
    assert SECTION in admin.get(ACCOUNT).headings
    begin = admin.page.form(f"{SETUP}/begin").fields
    tenant.host.parts.instances.exclude(plan, "twofactor", tenant.host.clock())
    assert erika.at_second_dialog().path == "/login/challenge"
    browser = erika.log_in()
    assert browser.get(ACCOUNT).links[DISABLE_BUTTON] == DISABLE
    admin.post(f"{SETUP}/begin", begin)
    assert admin.response.status_code == 404
    assert SECTION not in admin.get(ACCOUNT).headings
    assert "no longer in plan" in admin.get("/admin/plugins").text


def test_a_setup_that_the_end_of_the_plan_overtakes_is_not_finished(
    planned: Planned,
) -> None:
    tenant, plan = planned(0)
    browser = tenant.browser("erika")
    browser.get(ACCOUNT)
    browser.submit(f"{SETUP}/begin")
    tenant.host.parts.instances.exclude(plan, "twofactor", tenant.host.clock())
    browser.submit(SETUP, code="123456")
    assert browser.response.status_code == 404
    assert tenant.browser("erika").path == "/"


def test_after_the_plan_disabling_is_final_until_an_administrator_activates(
    planned: Planned,
) -> None:
    tenant, plan = planned(0)
    erika = enrol(tenant, "erika")
    tenant.host.parts.instances.exclude(plan, "twofactor", tenant.host.clock())
    erika.browser.get(DISABLE)
    erika.browser.submit(DISABLE, code=erika.phone.next_code())
    assert erika.browser.page.alerts == ["2-factor authentication successfully disabled."]
    assert SECTION not in erika.browser.page.headings
    admin = tenant.browser("admin")
    admin.get(PAGE)
    approve(admin, f"{PAGE}/deactivate")
    admin.submit(f"{PAGE}/activate")
    assert SECTION in erika.browser.get(ACCOUNT).headings


def test_another_plan_keeps_what_is_in_use_and_brings_what_it_includes(
    planned: Planned,
) -> None:
    tenant, _plan = planned(0)
    _other, plan = planned(7)
    erika, instances, clock = enrol(tenant, "erika"), tenant.host.parts.instances, tenant.host.clock
    instances.assign(tenant.name, plan, clock())
    assert erika.at_second_dialog().path == "/login/challenge"
    admin = tenant.browser("admin")
    assert SECTION not in admin.get(ACCOUNT).headings
    clock.move(7 * DAY)
    assert SECTION in tenant.browser("admin").get(ACCOUNT).headings


def test_an_instance_without_a_plan_has_no_plugin_by_itself(planned: Planned, tenant: Tenant) -> None:
    planned(0)
    assert SECTION not in tenant.browser("erika").get(ACCOUNT).headings
