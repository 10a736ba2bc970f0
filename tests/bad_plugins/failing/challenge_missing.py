# SPDX-License-Identifier: MIT
"""Has no second factor at all."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_signed_in():
    return None
