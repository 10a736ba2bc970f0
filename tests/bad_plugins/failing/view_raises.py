# SPDX-License-Identifier: MIT
"""Raises while it draws its page."""

from ccm_core.plugin_api import Route, hookimpl


def view(request):
    raise ValueError(request.form)


@hookimpl
def ccm_pages():
    return [Route("POST", "setup", view)]
