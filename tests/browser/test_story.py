# SPDX-License-Identifier: MIT
"""The manual as one story, in English and in German: from switching the plugin on to a lost phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from ccm_core.testing.host import PASSWORD, Tenant
from tests.browser.album import Album, manual, named
from tests.browser.phone import Phone
from tests.browser.window import Window
from tests.browser.words import DE, EN, Words
from tests.functional.acts import link_in

NEW_PASSWORD = "seven swans went swimming"
IDLE = 1801


@dataclass
class Story:
    """Who takes part: an administrator, erika, her phone; and the pictures for the manual."""

    words: Words
    tenant: Tenant
    admin: Window
    erika: Window
    phone: Phone
    album: Album

    def wait(self, seconds: float) -> None:
        """Let time pass for the server and the phone."""
        self.tenant.host.clock.move(seconds)

    def opens_account(self) -> None:
        """Let erika open her account settings through the user menu."""
        self.erika.choose(self.words.account)
        self.erika.arrives("/account")

    def logs_out(self) -> None:
        """Let erika log out through the user menu."""
        self.erika.choose(self.words.log_out)
        self.erika.arrives("/login")


@pytest.fixture(params=[EN, DE], ids=["en", "de"])
def story(request: pytest.FixtureRequest, tenant: Tenant, open_window: Callable[..., Window], phone: Phone) -> Story:
    words: Words = request.param
    admin, erika = open_window(words.language), open_window(words.language)
    erika.page.clock.install()
    return Story(words, tenant, admin, erika, phone, Album(words.language))


def test_everything_that_the_manual_promises(story: Story) -> None:
    before_the_plugin_is_active(story)
    the_administrator_switches_it_on(story)
    erika_sets_her_phone_up(story)
    every_login_asks_for_a_code(story)
    the_open_window_asks_for_the_password_alone(story)
    erika_disables_it(story)
    the_phone_is_lost(story)
    the_administrator_resets_the_factor(story)
    assert sorted(story.album.taken) == sorted(named(manual(story.words.language)))


def before_the_plugin_is_active(story: Story) -> None:
    words, erika = story.words, story.erika
    erika.open("/")
    erika.arrives("/login")
    story.album.take(erika, "login", erika.page.locator("main"))
    erika.log_in(words)
    erika.arrives("/")
    story.opens_account()
    expect(erika.section(words.section)).to_have_count(0)
    with erika.refused(404, "/plugins/twofactor/setup"):
        erika.open("/plugins/twofactor/setup")


def the_administrator_switches_it_on(story: Story) -> None:
    words, admin, erika = story.words, story.admin, story.erika
    admin.log_in(words, "admin")
    admin.arrives("/")
    admin.open("/admin/plugins")
    story.album.take(admin, "plugins", admin.section(words.section))
    admin.button(words.activate, words.section).click()
    admin.arrives("/admin/plugins/twofactor")
    erika.open("/account")
    expect(erika.section(words.section)).to_have_count(0)
    story.album.take(admin, "plugin", admin.page.locator(".room"))
    admin.button(words.for_all).click()
    expect(admin.button(words.for_all)).to_have_count(0)


def erika_sets_her_phone_up(story: Story) -> None:
    words, erika, phone = story.words, story.erika, story.phone
    erika.open("/account")
    erika.page.locator("#f-first_name").fill("Erika")
    erika.page.locator("#f-last_name").fill("Musterfrau")
    erika.page.locator("#f-language").select_option(words.language)
    erika.page.locator("#f-last_name").press("Enter")
    erika.page.locator(".alert.success").wait_for()
    erika.open("/account")
    erika.page.locator(".user-menu summary").click()
    story.album.take(erika, "user-menu", erika.page.locator(".room"))
    erika.page.locator(".user-menu").get_by_text(words.account).click()
    erika.button(words.enable).scroll_into_view_if_needed()
    story.album.take(erika, "account", erika.section(words.section))
    erika.button(words.enable).click()
    erika.arrives("/plugins/twofactor/setup")
    phone.scan(story.album.take(erika, "set-up", erika.page.locator(".room")))
    with erika.refused(400, "/plugins/twofactor/setup"):
        erika.field(words.code).fill("000000")
        erika.button(words.activate).click()
    erika.field(words.code).fill(phone.code())
    erika.button(words.activate).click()
    erika.arrives("/account")
    erika.says(words.enabled)
    expect(erika.button(words.enable)).to_have_count(0)
    expect(erika.link(words.disable_app)).to_be_visible()


def every_login_asks_for_a_code(story: Story) -> None:
    words, erika, phone = story.words, story.erika, story.phone
    story.logs_out()
    erika.log_in(words)
    erika.says(words.asked_for)
    story.album.take(erika, "login-code", erika.page.locator("main"))
    erika.button(words.back).click()
    erika.arrives("/login")
    erika.log_in(words)
    with erika.refused(401, "/login/challenge"):
        erika.answer(words, phone.code())  # the one that confirmed the set-up
    story.wait(30)
    code = phone.code()
    story.wait(59)  # up to the last second of the step after the one that showed it
    erika.answer(words, code)
    erika.arrives("/")
    story.logs_out()
    erika.log_in(words)
    with erika.refused(401, "/login/challenge"):
        erika.answer(words, code)
    erika.answer(words, phone.code())
    erika.arrives("/")


def the_open_window_asks_for_the_password_alone(story: Story) -> None:
    words, erika = story.words, story.erika
    story.opens_account()
    erika.page.locator("#f-company").fill("Muster AG")
    story.wait(IDLE)
    erika.page.clock.fast_forward(IDLE * 1000)
    dialog = erika.page.get_by_role("dialog", name=words.expired)
    expect(dialog).to_be_visible()
    story.album.take(erika, "open-window")
    dialog.get_by_label(words.password, exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name=words.go_on).click()
    expect(dialog).to_be_hidden()
    expect(erika.page.locator("#f-company")).to_have_value("Muster AG")


def erika_disables_it(story: Story) -> None:
    words, erika, phone = story.words, story.erika, story.phone
    erika.link(words.disable_app).click()
    erika.arrives("/confirm")
    erika.field(words.password).fill(PASSWORD)
    story.album.take(erika, "confirm", erika.page.locator("main .panel"))
    erika.button(words.go_on).click()
    erika.arrives("/plugins/twofactor/disable")
    story.album.take(erika, "disable", erika.page.locator("main .panel"))
    erika.field(words.code).fill(phone.code())
    erika.button(words.disable).click()
    erika.arrives("/account")
    erika.says(words.disabled)
    story.logs_out()
    erika.log_in(words)
    erika.arrives("/")


def enable_again(story: Story) -> None:
    words, erika, phone = story.words, story.erika, story.phone
    story.opens_account()
    erika.button(words.enable).click()
    phone.type(erika.field(words.settings[1]).input_value())
    erika.field(words.code).fill(phone.code())
    erika.button(words.activate).click()
    erika.says(words.enabled)
    story.logs_out()


def the_phone_is_lost(story: Story) -> None:
    words, erika, tenant = story.words, story.erika, story.tenant
    enable_again(story)
    erika.link(words.forgot).click()
    erika.arrives("/password/forgot")
    story.album.take(erika, "forgot", erika.page.locator("main"))
    erika.field(words.reset_name).fill("erika")
    erika.button(words.send_link).click()
    erika.page.locator(".card h1").wait_for()
    mail = tenant.mails("erika")[-1]
    assert words.mail_before in mail.get_content()
    erika.open(link_in(mail))
    story.album.take(erika, "new-password", erika.page.locator("main"))
    for label in (words.new_password, words.repeat_password):
        erika.field(label).fill(NEW_PASSWORD)
    erika.button(words.save_password).click()
    erika.arrives("/login")
    assert words.mail_after in tenant.mails("erika")[-1].get_content()
    erika.log_in(words, password=NEW_PASSWORD)
    erika.arrives("/")


def the_administrator_resets_the_factor(story: Story) -> None:
    words, admin, erika = story.words, story.admin, story.erika
    enable_again(story)
    admin.log_in(words, "admin")  # idle for too long
    admin.arrives("/")
    admin.open("/admin/users")
    admin.link("erika").click()
    story.album.take(admin, "user", admin.page.locator(".room"))
    admin.page.locator("form[action$='/reset-factor'] button").click()
    admin.field(words.password).fill(PASSWORD)
    admin.button(words.go_on).click()
    admin.button(words.go_on).click()
    admin.page.locator(".alert.success").wait_for()
    erika.log_in(words, password=NEW_PASSWORD)
    erika.arrives("/")
