# SPDX-License-Identifier: MIT
"""Has a page with a method that is not served."""

from ccm_core.plugin_api import Page, Route, hookimpl


def view(request):
    return Page("Title", "page.html")


@hookimpl
def ccm_pages():
    return [Route("DELETE", "setup", view)]
