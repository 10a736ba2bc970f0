# SPDX-License-Identifier: MIT
"""Offers a function as a console command."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_commands():
    return [print]
