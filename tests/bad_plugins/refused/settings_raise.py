# SPDX-License-Identifier: MIT
"""Raises when it is asked for its settings."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_settings():
    raise ValueError("no settings today")
