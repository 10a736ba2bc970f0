# SPDX-License-Identifier: MIT
"""A smartphone with an authenticator app: reads a QR code from a picture of the screen, and shows codes."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import zxingcpp
from PIL import Image


@dataclass(frozen=True)
class Entry:
    """What an app keeps of a key URI."""

    issuer: str
    account: str
    secret: str


@dataclass
class Phone:
    """``now`` is the phone's clock; ``entry`` what its app has scanned."""

    now: Callable[[], float]
    entry: Entry | None = None

    def scan(self, picture: Path) -> str:
        """Read the only QR code of a picture with two independent decoders, keep it, and return the URI."""
        uri = read_by_zbar(picture)
        assert uri == read_by_zxing(picture)
        self.entry = read_uri(uri)
        return uri

    def type(self, secret: str) -> None:
        """Enter a key by hand instead of scanning it."""
        self.entry = Entry("", "", secret)

    def code(self, *, after: float = 0) -> str:
        """Return the code that the app shows now, or some seconds later, made by ``oathtool``."""
        assert self.entry
        command = ["oathtool", "--totp", "--base32", f"--now=@{int(self.now() + after)}", self.entry.secret]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def read_by_zbar(picture: Path) -> str:
    command = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(picture)]
    (text,) = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return text


def read_by_zxing(picture: Path) -> str:
    with Image.open(picture) as image:
        (code,) = zxingcpp.read_barcodes(image.convert("L"))
    return code.text


def read_uri(uri: str) -> Entry:
    """Return what Aegis, FreeOTP and Google Authenticator all keep of a URI; each of their rules is an assert.

    Aegis: exactly one colon in the label, strict Base32, ``SHA-1`` is an error. FreeOTP: at least 16 bytes of secret,
    6 to 9 digits, a period of 5 s or more. Google Authenticator: SHA1, 6 digits, 30 s, whatever the URI says.
    """
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    pairs = [pair.split("=") for pair in parts.query.split("&")]
    given = {name: unquote(value, errors="strict") for name, value in pairs}
    assert len(pairs) == len(given) == 5
    issuer, account = unquote(parts.path.removeprefix("/"), errors="strict").split(":")
    assert issuer == given["issuer"]
    assert issuer.strip() == issuer != ""
    assert account.strip() == account != ""
    assert "+" not in uri
    assert re.fullmatch("[A-Z2-7]{32}", given["secret"])
    assert len(base64.b32decode(given["secret"])) >= 16
    assert (given["algorithm"], given["digits"], given["period"]) == ("SHA1", "6", "30")
    return Entry(issuer, account, given["secret"])
