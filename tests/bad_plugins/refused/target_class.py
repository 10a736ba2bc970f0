# SPDX-License-Identifier: MIT
"""Its entry point names a class."""

from ccm_core.plugin_api import hookimpl


class Plugin:
    @hookimpl
    def ccm_signed_in(self):
        return None
