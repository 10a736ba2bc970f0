# SPDX-License-Identifier: MIT
"""Has a page without a text as its title."""

from ccm_core.plugin_api import Page, Route, hookimpl


def view(request):
    return Page(None, "plugins/viewtitle/page.html")


@hookimpl
def ccm_pages():
    return [Route("POST", "setup", view)]
