# SPDX-License-Identifier: MIT
"""Asks for an argument that the hook does not pass."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_challenge(user):
    return None
