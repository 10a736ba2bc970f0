# SPDX-License-Identifier: MIT
"""Answers with a text where a page is wanted."""

from ccm_core.plugin_api import Route, hookimpl


def view(request):
    return "<h1>Hello</h1>"


@hookimpl
def ccm_pages():
    return [Route("POST", "setup", view)]
