# SPDX-License-Identifier: MIT
"""Wants to be asked after everybody else."""

from ccm_core.plugin_api import hookimpl


@hookimpl(trylast=True)
def ccm_login_challenge():
    return None
