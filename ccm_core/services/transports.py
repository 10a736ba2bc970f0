# SPDX-License-Identifier: MIT
"""The ways by which mails leave: files in the data directory, or an SMTP server."""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ccm_core.config import Settings
from ccm_core.services.outbox import Mail, Transport

TIMEOUT_SECONDS = 20


def transport_for(settings: Settings) -> Transport:
    """Return the transport that ``CCM_MAIL_URL`` names."""
    if settings.mail_url == "file:":
        return FileTransport(settings.mail_dir, settings.mail_from)
    parts = urlsplit(settings.mail_url)
    secure = parts.scheme == "smtps"
    return SmtpTransport(
        parts.hostname or "",
        parts.port or (465 if secure else 587),
        settings.mail_from,
        secure=secure,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def message_of(mail: Mail, sender: str) -> EmailMessage:
    """Build the message; a line break in a header raises ValueError instead of adding a header."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = formatdate(mail.date)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


@dataclass(frozen=True, slots=True)
class FileTransport:
    """Writes each mail as an ``.eml`` file, whole or not at all, readable by its owner alone."""

    folder: Path
    sender: str

    def send(self, mail: Mail) -> None:
        """Write the file; raises OSError."""
        content = message_of(mail, self.sender).as_bytes()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{mail.number:08d}-{mail.message_id.strip('<>').partition('@')[0][:12]}.eml"
        draft = self.folder / f".{name}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(self.folder / name)


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """Speaks SMTP: ``smtps`` encrypted from the start, ``smtp`` with STARTTLS; certificates are checked (ASVS 12.3.1).

    Without encryption no password is ever sent.
    """

    host: str
    port: int
    sender: str
    secure: bool
    user: str = ""
    password: str = field(default="", repr=False)

    def send(self, mail: Mail) -> None:
        """Hand the message over; raises OSError, of which SMTP errors are a kind."""
        context = ssl.create_default_context()
        if self.secure:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        with server:
            server.ehlo_or_helo_if_needed()
            if not self.secure and (self.user or server.has_extn("starttls")):
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message_of(mail, self.sender), self.sender, [mail.recipient])
