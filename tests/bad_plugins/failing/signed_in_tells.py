# SPDX-License-Identifier: MIT
"""Counts a user's sign-ins, shows the count, has a mail sent, and then raises."""

from ccm_core.plugin_api import Notice, Section, hookimpl


@hookimpl
def ccm_account_sections(account):
    return [Section(f"Sign-ins: {account.store.get('count')}", "plugins/signedintells/challenge.html")]


@hookimpl
def ccm_user_sections(subject):
    return ccm_account_sections(subject)


@hookimpl
def ccm_signed_in(event):
    count = (event.store.get("count") or 0) + 1
    event.store.put("count", count)
    event.notify(Notice("Sign-in %(count)s", ("From %(network)s.",), {"count": str(count), "network": event.network}))
    event.notify(Notice("Never sent", ("A second notice.",)))
