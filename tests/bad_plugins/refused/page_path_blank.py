# SPDX-License-Identifier: MIT
"""Has a page whose path holds a line break."""

from ccm_core.plugin_api import Page, Route, hookimpl


def view(request):
    return Page("Title", "page.html")


@hookimpl
def ccm_pages():
    return [Route("GET", "set\nup", view)]
