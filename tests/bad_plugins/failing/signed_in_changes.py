# SPDX-License-Identifier: MIT
"""Changes the event that it is told of."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_signed_in(event):
    object.__setattr__(event, "factor", "changed")
    object.__setattr__(event.user, "name", "changed")
