# SPDX-License-Identifier: MIT
"""Raises when it is asked for its pages."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_pages():
    raise ValueError("no pages today")
