# SPDX-License-Identifier: MIT
"""Offers two console commands of one name."""

import click

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_commands():
    return [click.Command("status"), click.Command("status")]
