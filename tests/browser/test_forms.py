# SPDX-License-Identifier: MIT
"""Every form works in Chromium with the final headers: whatever form is seen on the way is also sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, expect

from ccm_core.services.instances import CLOUD
from ccm_core.testing.host import PASSWORD, Host, Tenant
from tests.browser.conftest import PLAIN
from tests.browser.phone import Phone
from tests.browser.window import WIDE, Window, new_window
from tests.browser.words import EN
from tests.functional.acts import link_in

NEW_PASSWORD = "seven swans went swimming"
FORMS = "[...document.forms].filter((form) => form.method === 'post').map((form) => form.getAttribute('action'))"
IN_OPEN_WINDOW = "/session/unlock"
"""Sent by the script of the open page: tests/browser/test_open_window.py."""


class Walk:
    """A window that keeps count of the forms it has seen and of those it has sent."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.seen: set[str] = set()
        self.sent: set[str] = set()
        window.page.on("request", lambda request: self._sends(request.method, request.url))

    def open(self, path: str) -> None:
        self.window.open(path)
        self.look()

    def look(self) -> None:
        """Note the forms of the page that is shown."""
        self.seen |= {_without_names(path) for path in self.window.page.evaluate(FORMS)}

    def send(self, button: Locator, message: str) -> None:
        """Press a button and wait for the message that follows."""
        button.click()
        self.window.says(message)
        self.look()

    def send_and_confirm(self, button: Locator, message: str) -> None:
        """Press a button that wants a confirmation every time, and confirm it."""
        button.click()
        self.window.field(EN.password).fill(PASSWORD)
        self.look()
        self.window.button(EN.go_on).click()
        self.window.page.get_by_role("heading", name="Confirmed").wait_for()
        self.look()
        self.send(self.window.button(EN.go_on), message)

    def _sends(self, method: str, url: str) -> None:
        if method == "POST":
            self.sent.add(_without_names(urlsplit(url).path))


def _without_names(path: str) -> str:
    path = re.sub(r"/(reset|activate|email)/[\w-]{40,}", r"/\1/TOKEN", path)
    path = re.sub(r"/admin/plugins/\w+", "/admin/plugins/NAME", path)  # the same forms for every plugin
    return re.sub(r"/users/\d+", "/users/ID", path)


def test_every_form_that_is_seen_works(tenant: Tenant, open_window: Callable[..., Window], phone: Phone) -> None:
    admin, erika = Walk(open_window()), Walk(open_window())
    administer_plugins(admin)
    log_in_with_code(erika, tenant, phone)
    own_account(erika, tenant)
    administer_users(admin, erika, tenant)
    forgotten_password(erika, tenant)
    assert admin.seen | erika.seen == admin.sent | erika.sent | {IN_OPEN_WINDOW}
    assert len(admin.seen | erika.seen) > 30


def test_a_form_names_its_origin_and_no_page_names_another_address(open_window: Callable[..., Window]) -> None:
    window = open_window()
    window.open("/login")
    with window.page.expect_request(lambda request: request.method == "POST") as sent:
        window.log_in(EN)
    headers = sent.value.all_headers()
    assert headers["origin"] == window.origin
    assert headers["sec-fetch-site"] == "same-origin"
    assert headers["referer"] == window.origin + "/login"
    assert "page_token" not in sent.value.url


def test_forms_work_over_plain_http_where_browsers_tell_less(host: Host, chromium: Browser) -> None:
    host.parts.instances.add(PLAIN, CLOUD, None, host.clock())
    tenant = Tenant(host, PLAIN)
    tenant.add_user("erika")
    window = new_window(chromium, tenant.origin, "en", WIDE)
    window.open("/login")
    with window.page.expect_request(lambda request: request.method == "POST") as sent:
        window.log_in(EN)
    window.arrives("/")
    assert "sec-fetch-site" not in sent.value.all_headers()
    window.choose(EN.log_out)
    window.arrives("/login")
    window.says("You have been logged out.")
    window.context.close()
    assert window.watched.refusals == []


def administer_plugins(walk: Walk) -> None:
    window = walk.window
    walk.open("/login")
    window.log_in(EN, "admin")
    window.arrives("/")
    walk.open("/admin/plugins")
    walk.send(window.button(EN.activate, EN.section), "The plugin was activated.")
    walk.send(window.button(f"{EN.allow}: erika"), "The plugin was enabled for the user.")
    walk.send_and_confirm(window.button(f"{EN.revoke}: erika"), "The plugin was withdrawn from the user.")
    walk.send(window.button(EN.for_all), "The plugin is now enabled for all users.")
    walk.send(window.button("Limit to selected users"), "The plugin is now limited to selected users.")
    window.field("Name shown in the app").fill("Muster AG")
    walk.send(window.button("Save"), "The settings were saved.")
    walk.send_and_confirm(window.button(EN.deactivate), "The plugin was deactivated.")
    walk.open("/admin/plugins/twofactor")
    purged = "Everything that was kept for the plugin was removed."
    walk.send_and_confirm(window.button("Remove all data"), purged)
    for section in (EN.section, "Sign-in notices"):
        walk.open("/admin/plugins")
        walk.send(window.button(EN.activate, section), "The plugin was activated.")
        walk.send(window.button(EN.for_all), "The plugin is now enabled for all users.")


def log_in_with_code(walk: Walk, tenant: Tenant, phone: Phone) -> None:
    window = walk.window
    walk.open("/login")
    window.log_in(EN)
    window.arrives("/")
    walk.open("/account")
    window.button(EN.enable).click()
    phone.type(window.field("Secret key").input_value())
    walk.look()
    window.field(EN.code).fill(phone.code())
    walk.send(window.button(EN.activate), EN.enabled)
    window.choose(EN.log_out)
    window.log_in(EN)
    window.says(EN.asked_for)
    walk.look()
    window.button(EN.back).click()
    tenant.host.clock.move(30)
    window.log_in(EN)
    window.answer(EN, phone.code())
    window.arrives("/")
    tenant.host.clock.move(30)
    walk.open("/plugins/twofactor/disable")
    window.field(EN.code).fill(phone.code())
    walk.send(window.button(EN.disable), EN.disabled)


def own_account(walk: Walk, tenant: Tenant) -> None:
    window = walk.window
    other = tenant.browser("erika")
    assert other.path == "/"
    walk.open("/account")
    window.field("Company").fill("Muster AG")
    walk.send(window.button("Save"), "Your data was saved.")
    walk.send(window.button("End"), "The session was ended.")
    forgotten = "The devices were forgotten. The next sign-in from each of them is told to you by mail."
    walk.send(window.button("Forget these devices"), forgotten)
    tenant.browser("erika")
    walk.open("/account")
    walk.send(window.button("End all others"), "The session was ended.")
    window.field("E-mail address").fill("e.muster@example.org")
    asked = "A link was sent to e.muster@example.org. The address counts once you have opened it."
    walk.send(window.button("Save e-mail address"), asked)
    walk.open(link_in(tenant.mails("e.muster@")[-1]))
    walk.send(window.button("Use this address"), "Your new e-mail address counts from now on.")
    expect(window.field("E-mail address")).to_have_value("e.muster@example.org")
    window.field(EN.current_password).fill(PASSWORD)
    for label in (EN.new_password, EN.repeat_password):
        window.field(label).fill(NEW_PASSWORD)
    walk.send(window.button(EN.change_password), "Your password was changed. Other sessions were ended.")


def administer_users(walk: Walk, guest: Walk, tenant: Tenant) -> None:
    window = walk.window
    walk.open("/admin/users")
    window.field("Username").fill("max")
    window.field("E-mail address").fill("max@example.org")
    window.button("Add user").click()
    window.page.get_by_role("heading", name="max", level=1).wait_for()
    guest.window.choose(EN.log_out)
    guest.open(link_in(tenant.mails("max@")[-1]))
    for label in (EN.new_password, EN.repeat_password):
        guest.window.field(label).fill(PASSWORD)
    guest.send(guest.window.button(EN.save_password), "Your new password was saved. You can log in with it now.")
    tenant.browser("max")
    walk.open(window.path)
    walk.send(window.button("End all"), "The session was ended.")
    walk.send(window.button("Send password link"), "A link to set a password was sent.")
    walk.send(window.button("Disable account"), "The user was disabled.")
    walk.send(window.button("Enable"), "The user was enabled.")
    window.field("Role").select_option("administrator")
    walk.send_and_confirm(window.button("Change role"), "The role was changed.")
    walk.send_and_confirm(window.button("Delete user"), "The user was deleted.")


def forgotten_password(walk: Walk, tenant: Tenant) -> None:
    window = walk.window
    walk.open("/password/forgot")
    window.field(EN.reset_name).fill("erika")
    walk.send(window.button(EN.send_link), "Please look into your mailbox")
    walk.open(link_in(tenant.mails("e.muster@")[-1]))
    for label in (EN.new_password, EN.repeat_password):
        window.field(label).fill(PASSWORD)
    walk.send(window.button(EN.save_password), "Your new password was saved. You can log in with it now.")
