# SPDX-License-Identifier: MIT
"""The plugin keeps the contract of every plugin."""

from ccm_core.testing.browser import Browser
from ccm_core.testing.contract import PluginContract


class TestContract(PluginContract):
    plugin = "signins"

    def use(self, browser: Browser) -> None:
        browser.get("/account")
