# SPDX-License-Identifier: MIT
"""Its entry point names an object that the module does not have."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_signed_in():
    return None
