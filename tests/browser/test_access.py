# SPDX-License-Identifier: MIT
"""Who sees the section: what an administrator clicks counts from the next request on, in open windows too."""

from collections.abc import Callable

from playwright.sync_api import expect

from ccm_core.testing.host import PASSWORD, Tenant
from tests.browser.phone import Phone
from tests.browser.window import Window
from tests.browser.words import EN


def signed_in(window: Window, name: str) -> Window:
    window.log_in(EN, name)
    window.arrives("/")
    window.open("/account")
    return window


def sees_the_section(window: Window) -> bool:
    window.page.reload()
    return window.section(EN.section).count() == 1


def test_a_plugin_that_is_enabled_for_one_user_is_seen_by_that_user_alone(
    tenant: Tenant, open_window: Callable[..., Window]
) -> None:
    tenant.add_user("max")
    erika, other = signed_in(open_window(), "erika"), signed_in(open_window(), "max")
    admin = signed_in(open_window(), "admin")
    admin.open("/admin/plugins")
    admin.button(EN.activate, EN.section).click()
    admin.arrives("/admin/plugins/twofactor")
    assert not sees_the_section(erika)
    admin.button(f"{EN.allow}: erika").click()
    expect(admin.button(f"{EN.revoke}: erika")).to_be_visible()
    assert sees_the_section(erika)
    assert not sees_the_section(other)
    with other.refused(404, "/plugins/twofactor/setup"):
        other.open("/plugins/twofactor/setup")


def test_deactivating_says_whom_it_affects_and_lets_everybody_in_by_password(
    tenant: Tenant, open_window: Callable[..., Window], phone: Phone
) -> None:
    tenant.activate("twofactor")
    erika = signed_in(open_window(), "erika")
    erika.button(EN.enable).click()
    phone.type(erika.field("Secret key").input_value())
    erika.field(EN.code).fill(phone.code())
    erika.button(EN.activate).click()
    erika.says(EN.enabled)
    admin = signed_in(open_window(), "admin")
    admin.open("/admin/plugins/twofactor")
    admin.button(EN.deactivate).click()
    expect(admin.page.locator("main")).to_contain_text("1 user has a second factor of this plugin.")
    admin.field(EN.password).fill(PASSWORD)
    admin.button(EN.go_on).click()
    admin.page.get_by_role("heading", name="Confirmed").wait_for()
    admin.button(EN.go_on).click()
    admin.says("The plugin was deactivated.")
    assert not sees_the_section(erika)
    erika.choose(EN.log_out)
    signed_in(erika, "erika")
