# SPDX-License-Identifier: MIT
"""Ends the interpreter while it draws its page."""

from ccm_core.plugin_api import Route, hookimpl


def view(request):
    raise SystemExit


@hookimpl
def ccm_pages():
    return [Route("POST", "setup", view)]
