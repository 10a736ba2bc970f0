# SPDX-License-Identifier: MIT
"""Gives nothing when a proof is asked."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_challenge(login):
    return None
