# SPDX-License-Identifier: MIT
"""Answers rightly everywhere, but none of its templates can be drawn."""

from ccm_core.plugin_api import Challenge, Page, Refused, Route, Section, hookimpl


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/templatesfail/part.html", lambda answer, now: Refused("wrong code"))


@hookimpl
def ccm_account_sections(account):
    return [
        Section("Drawn badly", "plugins/templatesfail/part.html"),
        Section("Missing", "plugins/templatesfail/no.html"),
    ]


@hookimpl
def ccm_user_sections(subject):
    return [Section("Drawn badly", "plugins/templatesfail/part.html")]


@hookimpl
def ccm_pages():
    return [Route("GET", "setup", lambda request: Page("Drawn badly", "plugins/templatesfail/part.html"))]
