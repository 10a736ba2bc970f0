# SPDX-License-Identifier: MIT
"""Keeps a count and has a mail sent, and then raises."""

from ccm_core.plugin_api import Notice, hookimpl


@hookimpl
def ccm_signed_in(event):
    count = (event.store.get("count") or 0) + 1
    event.store.put("count", count)
    event.notify(Notice("Sign-in %(count)s", ("From %(network)s.",), {"count": str(count), "network": event.network}))
    event.notify(Notice("Never sent", ("A second notice.",)))
