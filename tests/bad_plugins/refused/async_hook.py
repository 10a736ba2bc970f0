# SPDX-License-Identifier: MIT
"""Implements a hook as a coroutine, which nobody would await."""

from ccm_core.plugin_api import hookimpl


@hookimpl
async def ccm_login_challenge():
    return None
