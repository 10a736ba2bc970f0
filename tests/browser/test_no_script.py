# SPDX-License-Identifier: MIT
"""Without JavaScript everything works but the dialog over the open page, the double tap and the copy buttons."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ccm_core.testing.host import PASSWORD, Host, Tenant
from tests.browser.phone import Phone
from tests.browser.window import Window
from tests.browser.words import DE, EN, Words
from tests.functional.acts import SECRET, account, enrol, events, link_in


@pytest.mark.parametrize("words", [EN, DE], ids=["en", "de"])
def test_set_up_login_with_code_and_disabling(
    tenant: Tenant, host: Host, open_window: Callable[..., Window], phone: Phone, tmp_path: Path, words: Words
) -> None:
    tenant.activate("twofactor")
    window = open_window(words.language, java_script_enabled=False)
    window.log_in(words)
    window.arrives("/")
    window.choose(words.account)
    window.button(words.enable).click()
    expect(window.page.locator(".copy:visible")).to_have_count(0)
    picture = tmp_path / "page.png"
    window.page.screenshot(path=picture, full_page=True)
    uri = phone.scan(picture)
    assert window.page.locator("a[href^='otpauth:']").get_attribute("href") == uri
    window.field(words.code).fill(phone.code())
    window.button(words.activate).click()
    window.says(words.enabled)
    window.choose(words.log_out)
    host.clock.move(30)
    window.log_in(words)
    window.button(words.back).click()
    window.arrives("/login")
    window.log_in(words)
    window.answer(words, phone.code())
    window.arrives("/")
    host.clock.move(30)
    window.open("/account")
    window.link(words.disable_app).click()
    window.field(words.code).fill(phone.code())
    window.button(words.disable).click()
    window.says(words.disabled)


def test_after_idling_the_ordinary_login_leads_back_to_the_page(
    tenant: Tenant, host: Host, open_window: Callable[..., Window], phone: Phone
) -> None:
    tenant.activate("twofactor")
    enrol(tenant, account(tenant))
    phone.type(SECRET)
    window = open_window(java_script_enabled=False)
    window.log_in(EN)
    window.answer(EN, phone.code())
    window.arrives("/")
    host.clock.move(1801)
    window.open("/account")
    window.arrives("/login")
    window.log_in(EN)
    window.answer(EN, phone.code())
    window.arrives("/account")
    logins = [entry["factor"] for entry in events(tenant, "login.succeeded")]
    assert logins == ["twofactor", "twofactor"]


def test_a_confirmation_and_a_forgotten_password(
    tenant: Tenant, host: Host, open_window: Callable[..., Window]
) -> None:
    window = open_window(java_script_enabled=False)
    window.log_in(EN, "admin")
    window.arrives("/")
    host.clock.move(1000)
    window.open("/admin/plugins")
    window.button(EN.activate, EN.section).click()
    window.field(EN.password).fill(PASSWORD)
    window.button(EN.go_on).click()
    window.button(EN.go_on).click()
    window.says("The plugin was activated.")
    assert "twofactor" in tenant.instance.active
    window.choose(EN.log_out)
    window.link(EN.forgot).click()
    window.field(EN.reset_name).fill("admin@example.org")
    window.button(EN.send_link).click()
    window.says("Please look into your mailbox")
    window.open(link_in(tenant.mails("admin")[-1]))
    for label in (EN.new_password, EN.repeat_password):
        window.field(label).fill("seven swans went swimming")
    window.button(EN.save_password).click()
    window.log_in(EN, "admin", "seven swans went swimming")
    window.arrives("/")
    assert [entry["event"] for entry in events(tenant)[:2]] == ["login.succeeded", "reset.password_set"]
