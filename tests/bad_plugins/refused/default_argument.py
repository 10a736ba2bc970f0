# SPDX-License-Identifier: MIT
"""Gives an argument a default, which would hide a misspelling."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_challenge(logn=None):
    return None
