# SPDX-License-Identifier: MIT
"""Redirects with a message that is no text."""

from ccm_core.plugin_api import Redirect, Route, hookimpl


def view(request):
    return Redirect("/", message=["done"])


@hookimpl
def ccm_pages():
    return [Route("POST", "setup", view)]
