# SPDX-License-Identifier: MIT
"""Which page of a list of users a request asks for: user administration and plugin management show such lists."""

from __future__ import annotations

from typing import TypedDict

from ccm_core.web.context import Context

SEARCH_LENGTH = 100
KEY_LENGTH = 600
"""An e-mail address as it is compared is the longest key."""


class Asked(TypedDict):
    """The search, and a key that another page gave."""

    search: str
    after: str
    before: str


def asked_for(context: Context) -> Asked:
    """Return what the address says."""
    args = context.request.args
    after, before = (args.get(name, "")[:KEY_LENGTH] for name in ("after", "before"))
    return Asked(search=args.get("q", "")[:SEARCH_LENGTH], after=after, before=before)
