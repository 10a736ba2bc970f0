# SPDX-License-Identifier: MIT
"""Has a page without a view."""

from ccm_core.plugin_api import Route, hookimpl


@hookimpl
def ccm_pages():
    return [Route("GET", "setup", None)]
