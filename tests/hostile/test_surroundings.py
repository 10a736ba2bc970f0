# SPDX-License-Identifier: MIT
"""A database that takes no writes, mail servers that misbehave: a sentence, whole or absent, and the host goes on."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from ccm_core.testing.server import free_port
from tests.functional.acts import account, enrol, events, snapshot
from tests.functional.mail_server import MailServer
from tests.hostile.read_only import PROGRAM, mark

BUSY = "The database cannot take the request at present. Please try again in a moment."
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def port() -> int:
    """Where the host looks for its mail server."""
    return free_port()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host")
    mails = {"mail_url": f"smtp://127.0.0.1:{port}", "mail_from": "consent@example.org"}
    with running_host(folder, program=PROGRAM, environment={"PYTHONPATH": str(ROOT)}, **mails) as running:
        yield running


@contextmanager
def read_only(host: Host) -> Iterator[None]:
    """Let the database take no writes until the block ends."""
    file = mark(host.settings.data_dir)
    file.touch()
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def misbehaving(port: int, act: Callable[[socket.socket], None]) -> Iterator[list[int]]:
    """Take connections and do something odd with each; yields a list with one entry for every one that came."""
    came: list[int] = []
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", port), reuse_port=False) as listening:
        listening.settimeout(0.05)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    connection, _ = listening.accept()
                    kept.append(connection)
                    came.append(1)
                    act(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield came
        finally:
            stop.set()
            thread.join()
            for connection in kept:
                connection.close()


def hang(_: socket.socket) -> None:
    """Say nothing."""


def drop(connection: socket.socket) -> None:
    connection.close()


def refuse(connection: socket.socket) -> None:
    connection.sendall(b"554 no service here\r\n")
    connection.close()


def babble(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.sendall(b"\xff\x00 what?\r\n" * 1000)
    connection.close()


def ask(tenant: Tenant) -> Browser:
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    return browser


def waited_for(reached: Callable[[], bool]) -> bool:
    """Whether something comes true within 15 seconds."""
    wait = threading.Event()
    return any(reached() or wait.wait(0.02) for _ in range(750))


@pytest.mark.one_node("works on one node's folder or processes; tests/nodes does the like over two")
def test_a_database_that_takes_no_writes_is_told_and_nothing_opens(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    enrol(tenant, account(tenant))
    signed_in, visitor, half = tenant.browser("admin"), tenant.browser(), tenant.browser("erika")
    visitor.get("/login")
    before = (snapshot(tenant), len(events(tenant)))
    with read_only(tenant.host):
        for browser, form, fields in (
            (visitor, "/login", {"username": "admin", "password": PASSWORD}),
            (half, "/login/challenge", {"code": "123456"}),
        ):
            browser.submit(form, **fields)
            assert browser.response.status_code == 503
            assert int(browser.response.headers["Retry-After"]) >= 1
            assert BUSY in browser.page.text
            assert "ccm_session" not in browser.cookies
        assert signed_in.send("GET", "/account").status_code == 200
        assert signed_in.send("GET", "/admin/plugins").status_code == 200
    assert (snapshot(tenant), len(events(tenant))) == before
    visitor.get("/login")
    visitor.submit("/login", username="admin", password=PASSWORD)
    assert visitor.path == "/"


@pytest.mark.parametrize("act", [hang, drop, refuse, babble])
def test_a_mail_server_that_misbehaves_holds_nobody_up_and_gets_every_mail_when_it_is_well(
    tenant: Tenant, port: int, act: Callable[[socket.socket], None]
) -> None:
    outbox, instance = tenant.host.parts.outbox, tenant.instance.id
    with misbehaving(port, act) as came:
        browser = ask(tenant)
        assert browser.response.status_code == 200
        assert "a mail with a link is on its way" in browser.page.text
        assert waited_for(lambda: len(came) > 0)
        assert tenant.browser("admin").path == "/"
        assert ask(tenant).response.status_code == 200
    assert waited_for(lambda: len([row for row in outbox.listed(instance) if row.error]) == 2)
    assert not [row for row in outbox.listed(instance) if row.delivered]
    server = MailServer(None)
    server.port = port
    with server.running():
        tenant.host.clock.move(3600)
        mails = server.received(tenant, 2)
        tenant.host.deliver()
    assert [mail.recipients for mail in mails] == [["erika@example.org"]] * 2
    assert len({mail.message["Message-ID"] for mail in mails}) == 2
