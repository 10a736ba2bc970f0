# SPDX-License-Identifier: MIT
"""Raises when it is asked for its commands."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_commands():
    raise ValueError
