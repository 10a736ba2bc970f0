# SPDX-License-Identifier: MIT
"""Wraps the answers of other plugins in the old way."""

from ccm_core.plugin_api import hookimpl


@hookimpl(hookwrapper=True)
def ccm_login_challenge():
    return (yield)
