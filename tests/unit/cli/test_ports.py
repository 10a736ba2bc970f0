# SPDX-License-Identifier: MIT
"""Whether a port can be had."""

import socket
from collections.abc import Iterator

import pytest

from ccm_core.cli.ports import free_address
from ccm_core.errors import ConfigError


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port that somebody listens on, who would even share it."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind((request.param, 0))
        other.listen()
        yield other.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_port_in_use_is_refused(taken: int, host: str) -> None:
    with pytest.raises(ConfigError, match=f"Port {taken} on {host} is in use. Stop the other program"):
        free_address(host, taken)


def test_a_free_port_gives_the_numeric_address_and_stays_free() -> None:
    port = free_port()
    assert free_address("127.0.0.1", port) == "127.0.0.1"
    assert free_address("localhost", port) in {"127.0.0.1", "::1"}


def test_a_port_that_was_in_use_a_moment_ago_is_free() -> None:
    port = free_port()
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()  # the server closes first, so that its side waits in TIME_WAIT
            client.recv(1)
    assert free_address("127.0.0.1", port) == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("203.0.113.1", "203.0.113.1 is no address of this machine"),
        ("no.such.host.invalid", "is no address or known host name"),
        ("a..b", "is no address or known host name"),
        ("x" * 300, "is no address or known host name"),
    ],
)
def test_an_address_that_is_not_ours_is_refused(host: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        free_address(host, free_port())
