# SPDX-License-Identifier: MIT
"""Mails leave by SMTP, encrypted and with a login; while the server is away nothing is lost."""

import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from urllib.parse import quote

import pytest
from sqlalchemy import select

from ccm_core.config import Settings, load
from ccm_core.db import models as m
from ccm_core.errors import ConfigError
from ccm_core.services.outbox import Listed, Mail
from ccm_core.services.transports import transport_for
from ccm_core.testing.host import Host, Tenant, running_host
from tests.functional.acts import link_in
from tests.functional.mail_server import PASSWORD, USER, MailServer, certify

MAIL = Mail(1, "erika@example.org", "Grüße", "Hallo Erika\n", "<1@localhost>", 1_800_000_000.0)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certify(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(certificates: tuple[Path, ssl.SSLContext]) -> MailServer:
    return MailServer(certificates[1])


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, server: MailServer, certificates: tuple[Path, ssl.SSLContext]
) -> Iterator[Host]:
    url = address(server)
    trusted = {"SSL_CERT_FILE": str(certificates[0])}
    folder = tmp_path_factory.mktemp("host")
    with running_host(folder, environment=trusted, mail_url=url, mail_from="consent@example.org") as running:
        yield running


def address(server: MailServer, *, password: str = PASSWORD) -> str:
    return f"smtp://{USER}:{quote(password, safe='')}@localhost:{server.port}"


def ask(tenant: Tenant) -> None:
    """Ask for a new password; the answer is the same whatever becomes of the mail."""
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    assert browser.response.status_code == 200
    assert "a mail with a link is on its way" in browser.page.text


def once_postponed(tenant: Tenant, attempts: int = 1) -> Listed:
    """Return the only mail of an instance after so many attempts failed, and none is under way: these count too."""
    parts, wait = tenant.host.parts, Event()
    rests = select(m.outbox.c.id).where(m.outbox.c.instance_id == tenant.instance.id, m.outbox.c.lease.is_(None))
    for _ in range(750):
        rows = parts.outbox.listed(tenant.instance.id)
        with parts.database.read() as connection:
            resting = connection.execute(rests).scalars().all()
        if rows and rows[0].attempts >= attempts and rows[0].error and rows[0].id in resting:
            return rows[0]
        wait.wait(0.02)
    raise AssertionError("nobody tried to send the mail")


def test_a_mail_leaves_encrypted_with_a_login_and_once(server: MailServer, tenant: Tenant) -> None:
    with server.running():
        ask(tenant)
        (mail,) = server.received(tenant, 1)
        assert (mail.sender, mail.recipients) == ("consent@example.org", ["erika@example.org"])
        assert mail.encrypted
        assert set(server.logins) == {PASSWORD.encode()}
        assert mail.message["From"] == "consent@example.org"
        assert mail.message["To"] == "erika@example.org"
        assert mail.message["Subject"] == f"Set a new password for {tenant.name}"
        assert mail.message["Auto-Submitted"] == "auto-generated"
        assert mail.message["Message-ID"]
        assert tenant.browser().send("GET", link_in(mail.message)).status_code == 200
        ask(tenant)
        assert len(server.received(tenant, 2)) == 2


def test_while_the_server_is_away_nothing_is_lost_and_everything_comes_later(
    server: MailServer, tenant: Tenant
) -> None:
    ask(tenant)
    waiting = once_postponed(tenant)
    assert "ConnectionRefusedError" in waiting.error
    assert waiting.delivered is None
    with server.running():
        tenant.host.clock.move(11)
        (mail,) = server.received(tenant, 1)
        assert tenant.browser().send("GET", link_in(mail.message)).status_code == 200
        tenant.host.deliver()


def test_a_server_that_refuses_for_the_moment_is_asked_again_ever_less_often(
    server: MailServer, tenant: Tenant
) -> None:
    clock = tenant.host.clock
    with server.running():
        server.refuses = True
        ask(tenant)
        assert "451" in once_postponed(tenant).error
        clock.move(11)
        once_postponed(tenant, attempts=2)
        clock.move(11)
        server.refuses = False
        tenant.host.parts.outbox.deliver()
        assert once_postponed(tenant, attempts=2).attempts == 2
        clock.move(10)
        assert len(server.received(tenant, 1)) == 1


def settings_with(url: str, folder: Path) -> Settings:
    return Settings(data_dir=folder, database_url="", mail_url=url)


def test_a_certificate_of_an_unknown_authority_is_refused_before_the_login(
    server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    before = len(server.logins)
    with server.running(), pytest.raises(ssl.SSLCertVerificationError):
        transport_for(settings_with(address(server), tmp_path)).send(MAIL)
    assert len(server.logins) == before


def test_a_wrong_password_is_an_error_that_is_tried_again(
    server: MailServer,
    certificates: tuple[Path, ssl.SSLContext],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))
    transport = transport_for(settings_with(address(server, password="wrong"), tmp_path))
    with server.running(), pytest.raises(smtplib.SMTPAuthenticationError):
        transport.send(MAIL)
    assert issubclass(smtplib.SMTPAuthenticationError, OSError)


def test_no_password_is_sent_to_a_server_without_encryption(tmp_path: Path) -> None:
    plain = MailServer(None)
    with plain.running(), pytest.raises(smtplib.SMTPNotSupportedError):
        transport_for(settings_with(address(plain), tmp_path)).send(MAIL)
    assert plain.logins == []


def test_a_password_that_no_smtp_login_could_send_stops_the_start(tmp_path: Path) -> None:
    url = "smtp://ccm:w%C3%B6rt@localhost:25"
    with pytest.raises(ConfigError, match=r"CCM_MAIL_URL must be .* ASCII") as raised:
        load({"CCM_DATA_DIR": str(tmp_path), "CCM_MAIL_URL": url})
    assert "w%C3" not in str(raised.value)
