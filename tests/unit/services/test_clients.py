# SPDX-License-Identifier: MIT
"""Networks: what counters and lists know of an address."""

import pytest

from ccm_core.services.clients import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.255", "192.0.2.0/24"),
        ("::ffff:192.0.2.1", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("fe80::%anything that somebody sends", "fe80::/64"),
        ("nonsense", "unknown"),
        ("192.0.2.1:80", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_is_told_by_its_network_alone(address: str, network: str) -> None:
    assert network_of(address) == network
