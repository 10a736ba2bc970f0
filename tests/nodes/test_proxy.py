# SPDX-License-Identifier: MIT
"""The nginx of ``docs/deploy`` as it is written there: what it sends on, to whom, what it never repeats, and https."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, running_host
from ccm_core.testing.nodes import proxy
from ccm_core.testing.server import client_of, free_port, no_cookies
from tests.functional.acts import account
from tests.nodes.conftest import NGINX
from tests.postgresql import Server

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass
class Stub:
    """In place of a node: keeps what it is sent, and answers, or dies instead."""

    answers: bool = True
    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=self._serve, args=(listener,), daemon=True)
            thread.start()
            try:
                yield
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                thread.join(10)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed at the end of the test
                return
            with connection:
                got = b""
                while not _whole(got):
                    got += connection.recv(65536)
                self.requests.append(got)
                if self.answers:
                    connection.sendall(ANSWER)


def _whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


@contextmanager
def in_front_of(*ports: int) -> Iterator[httpx.Client]:
    listen = {"443": str(free_port()), "80": str(free_port())}
    with proxy(NGINX, ports, listen), client_of(int(listen["443"])) as client:
        yield client


def posts(*stubs: Stub) -> int:
    return sum(request.startswith(b"POST ") for stub in stubs for request in stub.requests)


def test_a_post_that_a_dying_node_received_is_sent_to_no_other() -> None:
    dying, other = Stub(answers=False), Stub(answers=False)
    with dying.running(), other.running(), in_front_of(dying.port, other.port) as client:
        answer = client.post("/login/challenge", data={"code": "123456"})
    assert posts(dying, other) == 1
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "The service cannot take the request at present." in answer.text


def test_a_page_that_a_dying_node_was_asked_for_comes_from_the_other() -> None:
    dying, other = Stub(answers=False), Stub()
    with dying.running(), other.running(), in_front_of(dying.port, other.port) as client:
        assert [client.get("/login").text for _ in range(4)] == ["ok"] * 4


def test_a_post_that_no_node_received_goes_to_the_one_that_is_there() -> None:
    node = Stub()
    with node.running(), in_front_of(free_port(), node.port) as client:
        answers = [client.post("/login", data={"username": "erika"}) for _ in range(4)]
    assert [answer.text for answer in answers] == ["ok"] * 4
    assert posts(node) == 4


def test_without_any_node_people_read_a_sentence() -> None:
    with in_front_of(free_port(), free_port()) as client:
        answer = client.get("/login")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "<h1>Please try again</h1>" in answer.text


def test_a_node_learns_who_calls_and_believes_nobody_else_about_the_host_name() -> None:
    node = Stub()
    told = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "198.18.0.1", "Host": "ccm.example.org"}
    with node.running(), in_front_of(node.port, node.port) as client:
        client.get("/password/reset/a-secret", headers=told)
    lines = node.requests[-1].decode().split("\r\n")
    assert {"Host: ccm.example.org", "X-Forwarded-For: 198.18.0.1, 127.0.0.1", "Connection: close"} <= set(lines)
    assert "evil.example" not in node.requests[-1].decode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody signed but itself, and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


def test_people_sign_in_by_https(server: Server, tmp_path: Path, certificate: Path) -> None:
    options = {"database_url": server.database("https"), "trusted_proxies": "127.0.0.1"}
    listen = {"443": str(free_port()), "80": str(free_port()), "certificate": str(certificate)}
    trusted, base = ssl.create_default_context(cafile=str(certificate)), f"https://127.0.0.1:{listen['443']}"
    with (
        running_host(tmp_path, workers=1, base_url="https://ccm.example.org", **options) as host,
        proxy(NGINX, [host.port, free_port()], listen),
        httpx.Client(base_url=base, verify=trusted, trust_env=False, cookies=no_cookies()) as client,
        client_of(int(listen["80"])) as plain,
    ):
        tenant = host.tenant()
        tenant.add_user("erika")
        tenant.activate("twofactor")
        browser = Browser(tenant.origin, client)
        browser.log_in("erika", PASSWORD)
        assert browser.session()["state"] == "active"
        assert set(browser.cookies) >= {"__Host-ccm_session", "__Host-ccm_visit"}
        assert browser.response.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        (first,) = host.parts.sessions.open_of(account(tenant), host.clock())
        assert first.network == "127.0.0.0/24"
        elsewhere = plain.get("/login?next=%2Faccount", headers={"Host": tenant.name})
    assert elsewhere.status_code == 308
    assert elsewhere.headers["Location"] == f"{tenant.origin}/login?next=%2Faccount"
