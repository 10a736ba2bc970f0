# SPDX-License-Identifier: MIT
"""Where a request comes from, as far as the rules need to know."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

USER_AGENT_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Client:
    """A caller: its network (IPv4 /24, IPv6 /64; never a single address) and its user agent, cut to 400 characters."""

    network: str
    user_agent: str


CONSOLE = Client(network="console", user_agent="ccm")
"""The caller of a console command."""


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the network that counters and lists use for an address: /24 or /64; unknown for anything else."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    width = 24 if parsed.version == 4 else 64
    return str(ipaddress.ip_network((parsed.packed, width), strict=False))  # a zone after «%» is no part of it
