# SPDX-License-Identifier: MIT
"""Implements a hook as a generator."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_account_sections():
    yield None
