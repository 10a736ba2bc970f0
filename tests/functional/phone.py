# SPDX-License-Identifier: MIT
"""A user with a smartphone: the authenticator app is ``oathtool``, a program that knows nothing of ours."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant

PERIOD = 30
ACCOUNT, SETUP, DISABLE = "/account", "/plugins/twofactor/setup", "/plugins/twofactor/disable"
ENABLE_BUTTON = "Enable 2-factor authentication with a smartphone app"
DISABLE_BUTTON = "Disable 2-factor authentication with a smartphone app"


@dataclass(frozen=True)
class Phone:
    """An app that holds one secret key and shows the code of the time."""

    tenant: Tenant
    secret: str

    def code(self, *, steps: int = 0) -> str:
        """Return the code that the app shows now, or showed or will show so many steps away."""
        at = int(self.tenant.host.clock()) + steps * PERIOD
        command = ["oathtool", "--totp", "--base32", f"--now=@{at}", self.secret]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def next_code(self) -> str:
        """Wait for the next code, as people do who have used the one that is shown."""
        self.tenant.host.clock.to_step_start()
        return self.code()


def begin_setup(tenant: Tenant, browser: Browser) -> Phone:
    """Press the button in the account settings, and type the shown secret key into a phone."""
    browser.get(ACCOUNT)
    browser.submit(f"{SETUP}/begin")
    label = next(label for label in ("Secret key", "Geheimer Schlüssel") if label in browser.page.text)
    return Phone(tenant, browser.page.value(label))


@dataclass(frozen=True)
class Enrolled:
    """A user of an instance who has set up a phone in a browser, which is still signed in."""

    tenant: Tenant
    name: str
    browser: Browser
    phone: Phone

    def at_second_dialog(self, **options: str) -> Browser:
        """Take the first step of a login in a new browser."""
        return self.tenant.browser(self.name, PASSWORD, **options)

    def log_in(self, **options: str) -> Browser:
        """Log in with password and the next code in a new browser."""
        browser = self.at_second_dialog(**options)
        browser.submit("/login/challenge", code=self.phone.next_code())
        assert browser.path == "/"
        return browser


def enrol(tenant: Tenant, name: str) -> Enrolled:
    """Log a user in, and set up a phone through the pages."""
    browser = tenant.browser(name)
    phone = begin_setup(tenant, browser)
    browser.submit(SETUP, code=phone.code())
    assert browser.path == ACCOUNT
    return Enrolled(tenant, name, browser, phone)
