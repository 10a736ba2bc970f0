# SPDX-License-Identifier: MIT
"""Implements a hook as an asynchronous generator."""

from ccm_core.plugin_api import hookimpl


@hookimpl
async def ccm_account_sections():
    yield None
