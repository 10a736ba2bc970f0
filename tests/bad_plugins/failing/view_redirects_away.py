# SPDX-License-Identifier: MIT
"""Redirects to where the request wants."""

from ccm_core.plugin_api import Redirect, Route, hookimpl


def view(request):
    return Redirect(request.form["to"])


@hookimpl
def ccm_pages():
    return [Route("POST", "setup", view)]
