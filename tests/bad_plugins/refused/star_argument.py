# SPDX-License-Identifier: MIT
"""Takes any arguments by position."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_challenge(*login):
    return None
