# SPDX-License-Identifier: MIT
"""Implements one hook in two functions."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_challenge():
    return None


@hookimpl(specname="ccm_login_challenge")
def another_challenge():
    return None
