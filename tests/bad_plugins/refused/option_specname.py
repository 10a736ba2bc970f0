# SPDX-License-Identifier: MIT
"""Implements a hook under another name."""

from ccm_core.plugin_api import hookimpl


@hookimpl(specname="ccm_login_challenge")
def challenge():
    return None
