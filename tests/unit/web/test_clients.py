# SPDX-License-Identifier: MIT
"""Who calls and for which host: chains of proxies are walked from the right while the hop is trusted."""

import ipaddress

import pytest
from flask import Flask, Request
from werkzeug.test import EnvironBuilder

from ccm_core.services.clients import USER_AGENT_LENGTH
from ccm_core.web.clients import client_of, host_of, reads_metrics

TRUSTED = tuple(ipaddress.ip_network(one) for one in ("10.0.0.0/8", "2001:db8:ffff::/48"))


def request_from(address: str, **headers: str) -> Request:
    builder = EnvironBuilder(headers={name.replace("_", "-"): value for name, value in headers.items()})
    environ = builder.get_environ()
    environ["REMOTE_ADDR"] = address
    if "Host" in headers:
        environ["HTTP_HOST"] = headers["Host"]
    return Flask("test").request_class(environ)


@pytest.mark.parametrize(
    ("address", "chain", "network"),
    [
        ("192.0.2.7", "", "192.0.2.0/24"),
        ("192.0.2.7", "203.0.113.9", "192.0.2.0/24"),
        ("10.0.0.1", "", "10.0.0.0/24"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.0/24"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.0/24"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.9.9.9", "203.0.113.0/24"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.0/24"),
        ("10.0.0.1", "evil, 203.0.113.9", "203.0.113.0/24"),
        ("10.0.0.1", "203.0.113.9, nonsense", "unknown"),
        ("2001:db8:ffff::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("", "", "unknown"),
    ],
)
def test_the_caller_is_the_last_hop_that_is_not_trusted(address: str, chain: str, network: str) -> None:
    assert client_of(request_from(address, X_Forwarded_For=chain), TRUSTED).network == network


def test_nobody_is_trusted_by_default() -> None:
    assert client_of(request_from("10.0.0.1", X_Forwarded_For="203.0.113.9"), ()).network == "10.0.0.0/24"


def test_a_user_agent_is_cut() -> None:
    assert client_of(request_from("192.0.2.7", User_Agent="x" * 9000), ()).user_agent == "x" * USER_AGENT_LENGTH
    assert client_of(request_from("192.0.2.7"), ()).user_agent == ""


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("CCM.example", "ccm.example"),
        ("ccm.example:8019", "ccm.example"),
        ("[::1]:8019", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("user@ccm.example", "ccm.example"),
        ("", ""),
        ("[", ""),
        (":80", ""),
    ],
)
def test_the_host_is_lower_case_and_without_a_port(host: str, name: str) -> None:
    assert host_of(request_from("192.0.2.7", Host=host), ()) == name


def test_the_forwarded_host_counts_from_a_trusted_hop_alone() -> None:
    headers = {"Host": "inner", "X_Forwarded_Host": "evil.example, ccm.example"}
    assert host_of(request_from("10.0.0.1", **headers), TRUSTED) == "ccm.example"
    assert host_of(request_from("192.0.2.7", **headers), TRUSTED) == "inner"
    assert host_of(request_from("10.0.0.1", Host="inner", X_Forwarded_Host=""), TRUSTED) == "inner"


READERS = tuple(ipaddress.ip_network(one) for one in ("192.0.2.7/32", "198.51.100.0/24", "2001:db8:7::/64"))


@pytest.mark.parametrize(
    ("address", "headers", "reads"),
    [
        ("192.0.2.7", {}, True),
        ("198.51.100.200", {}, True),
        ("2001:db8:7::9", {}, True),
        ("::ffff:192.0.2.7", {}, True),
        ("192.0.2.8", {}, False),
        ("2001:db8:8::9", {}, False),
        ("", {}, False),
        ("nonsense", {}, False),
        # Through a trusted proxy: whoever it says, and nobody whom the caller says.
        ("10.0.0.1", {"X_Forwarded_For": "192.0.2.7"}, True),
        ("::ffff:10.0.0.1", {"X_Forwarded_For": "192.0.2.7"}, True),
        ("10.0.0.1", {"X_Forwarded_For": "203.0.113.9, 192.0.2.7, 10.2.2.2"}, True),
        ("10.0.0.1", {"X_Forwarded_For": "203.0.113.9"}, False),
        ("10.0.0.1", {"X_Forwarded_For": "192.0.2.7, 203.0.113.9"}, False),
        ("10.0.0.1", {"X_Forwarded_For": "192.0.2.7, nonsense"}, False),
        ("10.0.0.1", {"X_Forwarded_For": "192.0.2.7,, unknown"}, False),
        # The proxy itself, or one that does not say for whom.
        ("10.0.0.1", {}, False),
        ("10.0.0.1", {"X_Forwarded_For": ""}, False),
        ("10.0.0.1", {"X_Forwarded_For": "10.3.3.3"}, False),
        ("10.0.0.1", {"Forwarded": "for=192.0.2.7", "X_Real_IP": "192.0.2.7"}, False),
        # Through a proxy that nobody trusts, at an address that may read.
        ("192.0.2.7", {"X_Forwarded_For": "203.0.113.9"}, False),
        ("192.0.2.7", {"X_Forwarded_For": "192.0.2.7"}, False),
        ("192.0.2.7", {"X_Forwarded_For": ""}, False),
        ("192.0.2.7", {"X_Forwarded_Host": "ccm.example"}, False),
        ("192.0.2.7", {"X_Forwarded_Proto": "https"}, False),
        ("192.0.2.7", {"X_Real_IP": "203.0.113.9"}, False),
        ("192.0.2.7", {"Forwarded": "for=203.0.113.9"}, False),
        ("192.0.2.7", {"Via": "1.1 proxy"}, False),
    ],
)
def test_only_who_surely_comes_from_a_named_address_reads_the_figures(
    address: str, headers: dict[str, str], reads: bool
) -> None:
    trusted = (*TRUSTED, ipaddress.ip_network("192.0.2.128/25"))
    assert reads_metrics(request_from(address, **headers), READERS, trusted) is reads


def test_a_trusted_proxy_reads_nothing_although_its_network_may() -> None:
    wide = (ipaddress.ip_network("0.0.0.0/0"),)
    assert not reads_metrics(request_from("10.0.0.1"), wide, TRUSTED)
    assert reads_metrics(request_from("11.0.0.1"), wide, TRUSTED)
    assert not reads_metrics(request_from("11.0.0.1"), (), TRUSTED)
