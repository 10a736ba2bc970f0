# SPDX-License-Identifier: MIT
"""Wants to be asked before everybody else."""

from ccm_core.plugin_api import hookimpl


@hookimpl(tryfirst=True)
def ccm_login_challenge():
    return None
