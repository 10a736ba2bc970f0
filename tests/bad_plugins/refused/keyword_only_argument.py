# SPDX-License-Identifier: MIT
"""Takes its argument by keyword only."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_challenge(*, login):
    return None
