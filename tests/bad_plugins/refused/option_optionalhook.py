# SPDX-License-Identifier: MIT
"""Hides a misspelt hook behind an option."""

from ccm_core.plugin_api import hookimpl


@hookimpl(optionalhook=True)
def ccm_login_chalenge():
    return None
