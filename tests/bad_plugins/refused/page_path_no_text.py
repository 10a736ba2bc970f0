# SPDX-License-Identifier: MIT
"""Has a page whose path is a number."""

from ccm_core.plugin_api import Page, Route, hookimpl


def view(request):
    return Page("Title", "page.html")


@hookimpl
def ccm_pages():
    return [Route("GET", 7, view)]
