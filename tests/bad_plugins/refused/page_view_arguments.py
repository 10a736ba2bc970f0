# SPDX-License-Identifier: MIT
"""Has a page whose view takes no request."""

from ccm_core.plugin_api import Page, Route, hookimpl


def view():
    return Page("Title", "page.html")


@hookimpl
def ccm_pages():
    return [Route("GET", "setup", view)]
