# SPDX-License-Identifier: MIT
"""Gives its page the status of a redirect."""

from ccm_core.plugin_api import Page, Route, hookimpl


def view(request):
    return Page("Title", "plugins/viewstatus/page.html", status=302)


@hookimpl
def ccm_pages():
    return [Route("POST", "setup", view)]
