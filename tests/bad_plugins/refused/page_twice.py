# SPDX-License-Identifier: MIT
"""Has two pages for one address."""

from ccm_core.plugin_api import Page, Route, hookimpl


def view(request):
    return Page("Title", "page.html")


@hookimpl
def ccm_pages():
    return [Route("GET", "item/<int:one>", view), Route("GET", "item/<int:other>", view)]
