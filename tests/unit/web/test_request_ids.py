# SPDX-License-Identifier: MIT
"""Ids of requests: made here or by a trusted proxy, in the answer and in every line that is logged meanwhile."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Any

import pytest
import structlog
from structlog.contextvars import get_contextvars

from ccm_core.web.request_ids import HEADER, KEY, WithRequestId, new_id

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"),)
OWN = re.compile(r"[a-r]{16}")
GIVEN = "0123456789abcdef0123456789abcdef"


def ask(given: str | None, address: str, trusted: tuple[Any, ...] = TRUSTED) -> str:
    """Return the id of one request, which header, environment and log context agree on."""
    seen: list[object] = []
    answered: list[tuple[str, str]] = []

    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        seen.extend([environ[KEY], get_contextvars().get("request_id")])
        start("200 OK", [("X-Other", "kept")])
        return [b"ok"]

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        answered.extend(headers)

    environ = {"REMOTE_ADDR": address} | ({} if given is None else {"HTTP_X_REQUEST_ID": given})
    assert WithRequestId(app, trusted)(environ, start_response) == [b"ok"]
    headers = dict(answered)
    assert headers.pop("X-Other") == "kept"
    assert list(headers) == [HEADER]
    assert seen == [headers[HEADER], headers[HEADER]]
    return headers[HEADER]


def test_an_id_is_new_for_each_request_and_holds_no_digit() -> None:
    ids = {ask(None, "192.0.2.1") for _ in range(100)} | {new_id() for _ in range(100)}
    assert len(ids) == 200
    assert all(OWN.fullmatch(name) for name in ids)


@pytest.mark.parametrize("given", [GIVEN, GIVEN.upper(), "5f1c9a52-7f2e-4f0e-9d2a-2a4f1f8f5e11", "a" * 16, "a" * 64])
def test_a_trusted_proxy_names_the_request(given: str) -> None:
    assert ask(given, "10.1.2.3") == given


@pytest.mark.parametrize("address", ["192.0.2.1", "", "nonsense"])
def test_nobody_else_names_it(address: str) -> None:
    assert OWN.fullmatch(ask(GIVEN, address))
    assert OWN.fullmatch(ask(GIVEN, "10.1.2.3", ()))


@pytest.mark.parametrize(
    "given", ["", "a" * 15, "a" * 65, GIVEN + "\n", GIVEN + " ", "g" * 32, GIVEN[:-1] + "é", GIVEN[:-1] + "٣", '"' * 20]
)
def test_what_does_not_look_like_an_id_is_not_one(given: str) -> None:
    assert OWN.fullmatch(ask(given, "10.1.2.3"))


def test_the_id_ends_with_its_request_also_when_that_fails() -> None:
    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        raise ValueError("inside")

    with structlog.contextvars.bound_contextvars(request_id="of the thread"):
        ask(None, "192.0.2.1")
        assert get_contextvars() == {"request_id": "of the thread"}
    with pytest.raises(ValueError, match="inside"):
        WithRequestId(app, ())({}, lambda *_: None)
    assert get_contextvars() == {}
