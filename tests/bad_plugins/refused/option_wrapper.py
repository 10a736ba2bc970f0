# SPDX-License-Identifier: MIT
"""Wraps the answers of other plugins."""

from ccm_core.plugin_api import hookimpl


@hookimpl(wrapper=True)
def ccm_login_challenge():
    return (yield)
