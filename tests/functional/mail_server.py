# SPDX-License-Identifier: MIT
"""A real SMTP server on the loopback, with STARTTLS, a login, and a certificate of its own authority."""

import datetime as dt
import email
import email.policy
import ipaddress
import ssl
from asyncio import BaseTransport
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from threading import Condition

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ccm_core.testing.host import Tenant
from ccm_core.testing.server import free_port

USER, PASSWORD = "ccm", "p@ss:word/1 %"
SECONDS = 15
AWAY = "451 try again later"


@dataclass(frozen=True)
class Received:
    """A message that the server took: between whom, how, and what it says."""

    sender: str
    recipients: list[str]
    encrypted: bool
    message: EmailMessage


class MailServer:
    """Takes mails; ``refuses`` makes it answer that it cannot at present."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.port = free_port()
        self.refuses = False
        self.logins: list[bytes] = []
        self._context = context
        self._mails: list[Received] = []
        self._open: set[SMTP] = set()
        self._news = Condition()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve until the block ends; the port stays the same."""
        secure = {"tls_context": self._context, "require_starttls": True, "auth_required": True}
        options = secure if self._context else {"auth_require_tls": False}
        controller = _Controller(self, "127.0.0.1", self.port, authenticator=self._authenticate, **options)
        controller.start()
        try:
            yield
        finally:
            with self._news:
                self._news.wait_for(lambda: not self._open, SECONDS)
            controller.stop()

    def received(self, tenant: Tenant, count: int) -> list[Received]:
        """Return the mails of an instance once there are so many; fails when they do not come."""

        def mine() -> list[Received]:
            return [mail for mail in self._mails if tenant.origin in mail.message.get_content()]

        with self._news:
            assert self._news.wait_for(lambda: len(mine()) >= count, SECONDS), f"{len(mine())} of {count} mails came"
            return mine()

    def connected(self, connection: SMTP) -> None:
        """Note that somebody is talking to us."""
        with self._news:
            self._open.add(connection)

    def disconnected(self, connection: SMTP) -> None:
        """Note that somebody has gone."""
        with self._news:
            self._open.discard(connection)
            self._news.notify_all()

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it
        """Take a message, or refuse it."""
        if self.refuses:
            return AWAY
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail = Received(envelope.mail_from, envelope.rcpt_tos, session.ssl is not None, message)
        with self._news:
            self._mails.append(mail)
            self._news.notify_all()
        return "250 taken"

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append(data.password)
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)


class _Connection(SMTP):
    """Tells its server when it begins and ends, so that none is cut off in the middle."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.event_handler.connected(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.disconnected(self)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Connection(self.handler, **self.SMTP_kwargs)


def certify(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make an authority and a certificate for the loopback; returns the authority's file and the server's context."""
    now = dt.datetime.now(dt.UTC)
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority of the tests")])

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
        made = made.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)

    root = builder(issuer, authority.public_key(), ca=True).sign(authority, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    leaf = builder(subject, key.public_key(), ca=False).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    authority_file, chain_file = folder / "authority.pem", folder / "server.pem"
    authority_file.write_bytes(root.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain_file.write_bytes(secret + leaf.sign(authority, hashes.SHA256()).public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain_file)
    return authority_file, context
