# SPDX-License-Identifier: MIT
"""Who calls, and which host name was asked for: forwarded headers count only from trusted proxies (ASVS 4.1.3)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Request

from ccm_core.config import Network
from ccm_core.services.clients import USER_AGENT_LENGTH, Client, network_of


def client_of(request: Request, trusted: Sequence[Network]) -> Client:
    """Return the caller: the chain of X-Forwarded-For is walked from the right while the hop is trusted."""
    address = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "") if trusted else ""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while hops and trusts(address, trusted):
        address = hops.pop()
    return Client(network_of(address), request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH])


def host_of(request: Request, trusted: Sequence[Network]) -> str:
    """Return the lower-case host name that was asked for, without port; empty when there is none."""
    host = request.headers.get("Host", "")
    forwarded = request.headers.get("X-Forwarded-Host", "") if trusted else ""
    if forwarded and trusts(request.remote_addr or "", trusted):
        host = forwarded.rpartition(",")[2].strip()
    try:
        return (urlsplit(f"//{host}").hostname or "").casefold()
    except ValueError:
        return ""


def trusts(address: str, trusted: Sequence[Network]) -> bool:
    """Whether an address is one of the proxies whose headers count."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)
