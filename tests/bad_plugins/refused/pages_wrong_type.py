# SPDX-License-Identifier: MIT
"""Gives a tuple where a route is wanted."""

from ccm_core.plugin_api import Page, hookimpl


def view(request):
    return Page("Title", "page.html")


@hookimpl
def ccm_pages():
    return [("GET", "setup", view)]
