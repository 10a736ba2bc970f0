# SPDX-License-Identifier: MIT
"""The plugin keeps the contract of every plugin and of every second factor."""

import subprocess

from ccm_core.testing.browser import Browser
from ccm_core.testing.contract import FactorContract


class TestContract(FactorContract):
    plugin = "twofactor"

    def set_up(self, browser: Browser) -> str:
        browser.get("/account")
        browser.submit("/plugins/twofactor/setup/begin")
        key = browser.page.value("Secret key")
        browser.submit("/plugins/twofactor/setup", code=self.answer(key, browser.clock()))
        return key

    def answer(self, secret: str, now: float) -> str:
        command = ["oathtool", "--totp", "--base32", f"--now=@{int(now)}", secret]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
