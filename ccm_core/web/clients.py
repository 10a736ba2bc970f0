# SPDX-License-Identifier: MIT
"""Who calls, and which host name was asked for: forwarded headers count only from trusted proxies (ASVS 4.1.3)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Request

from ccm_core.config import Network
from ccm_core.services.clients import USER_AGENT_LENGTH, Client, network_of

FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
"""Headers of which at least one tells that a request came through a proxy."""


def client_of(request: Request, trusted: Sequence[Network]) -> Client:
    """Return the caller: the chain of X-Forwarded-For is walked from the right while the hop is trusted."""
    address = _address_of(request, trusted)
    return Client(network_of(address), request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH])


def _address_of(request: Request, trusted: Sequence[Network]) -> str:
    address = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "") if trusted else ""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while hops and trusts(address, trusted):
        address = hops.pop()
    return address


def reads_metrics(request: Request, readers: Sequence[Network], trusted: Sequence[Network]) -> bool:
    """Whether the caller may read the node's figures: only where it is certain who calls.

    A request that came through a proxy which nobody trusts has the address of that proxy. So has one through a trusted
    proxy that does not say for whom: then the chain ends at a proxy.
    """
    if not trusts(request.remote_addr or "", trusted) and any(name in request.headers for name in FORWARDED):
        return False
    address = _address_of(request, trusted)
    return trusts(address, readers) and not trusts(address, trusted)


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
    """Whether an address lies in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:  # as IPv4 looks to who listens on «::»
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in trusted)
