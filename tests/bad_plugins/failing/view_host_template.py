# SPDX-License-Identifier: MIT
"""Draws a page of the host as its own."""

from ccm_core.plugin_api import Page, Route, hookimpl


def view(request):
    return Page("Title", "login.html")


@hookimpl
def ccm_pages():
    return [Route("POST", "setup", view)]
