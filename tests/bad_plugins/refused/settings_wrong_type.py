# SPDX-License-Identifier: MIT
"""Gives a dictionary where a settings form is wanted."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_settings():
    return {"digits": 6}
