# SPDX-License-Identifier: MIT
"""Implements a hook whose name is misspelt."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_chalenge(login):
    return None
