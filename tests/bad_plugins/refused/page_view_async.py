# SPDX-License-Identifier: MIT
"""Has a page whose view is a coroutine."""

from ccm_core.plugin_api import Page, Route, hookimpl


async def view(request):
    return Page("Title", "page.html")


@hookimpl
def ccm_pages():
    return [Route("GET", "setup", view)]
