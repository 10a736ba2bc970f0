# SPDX-License-Identifier: MIT
"""Time-based one-time codes without the host: secret, key URI, QR code, verification of an answer."""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import quote

import pyotp

from ccm_core.plugin_api import Enrolment, Passed, Refused, Verdict

DIGITS = 6
"""Length of a code (RFC 4226, section 5.3, R4)."""

PERIOD = 30
"""Seconds in which a code is shown (RFC 6238, section 5.2)."""

WRONG = (
    "This login code is not right. "
    "Please enter the code that the app is showing now, and check that your smartphone sets its clock automatically."
)
USED = "This login code has already been used. Please wait for the next code in the app."

_SECRET_BYTES = 20  # the output length of HMAC-SHA-1, as RFC 4226, section 4 (R6) recommends
_LABEL_CHARACTERS = 64
_CODE = re.compile(r"[0-9]{6}")  # not \d, which also matches the digits of other scripts


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code to be drawn as SVG: ``size`` units wide and high, ``path`` filling the dark modules.

    A unit is one module; the quiet zone of four modules on each side (ISO/IEC 18004) is part of the size.
    """

    size: int
    path: str


def new_secret() -> bytes:
    """Return 160 random bits from the system's generator."""
    return secrets.token_bytes(_SECRET_BYTES)


def base32_key(secret: bytes) -> str:
    """Return the secret as apps want it typed: Base32 (RFC 4648), 32 characters, no padding."""
    return base64.b32encode(secret).decode("ascii")


def key_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return the ``otpauth:`` URI that an app imports.

    Every parameter is named although apps know them as defaults, since some apps have other defaults. The algorithm
    is written ``SHA1``, because Aegis and FreeOTP refuse ``SHA-1``; issuer and label prefix are equal, because each
    app reads another one of them.
    """
    issuer = _label_part(issuer, otherwise="Login")
    account = _label_part(account, otherwise="account")
    return (
        f"otpauth://totp/{issuer}:{account}?secret={base32_key(secret)}&issuer={issuer}"
        f"&algorithm=SHA1&digits={DIGITS}&period={PERIOD}"
    )


def _label_part(text: str, *, otherwise: str) -> str:
    """Return the text without colons, which separate the two parts, and without anything that cannot be printed.

    Percent-encoded by RFC 3986, since apps show a ``+`` as it stands.
    """
    printable = "".join(character for character in text if character.isprintable() and character != ":")
    return quote(printable.strip()[:_LABEL_CHARACTERS].strip() or otherwise, safe="")


def qr_code(text: str) -> QrCode:
    """Return the QR code of a text.

    A screen needs no redundancy (level L), and any mask is readable: trying all eight costs three times the rest.
    Mask 2 gives these URIs the fewest penalty points of ISO/IEC 18004 on average. Only the runs of dark modules are
    drawn, by one path, since the library's SVG images take longer to draw than to encode: 3 ms of processor time
    instead of 8, and half the bytes.
    """
    import qrcode  # noqa: PLC0415 - where Pillow is installed it comes along, for which no login should wait

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_L, mask_pattern=2, border=4)
    code.add_data(text)
    rows = ["".join("#" if dark else " " for dark in row) for row in code.get_matrix()]
    runs = [(run.start(), y, run.end() - run.start()) for y, row in enumerate(rows) for run in re.finditer("#+", row)]
    return QrCode(size=len(rows), path="".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in runs))


def verify(enrolments: Sequence[Enrolment], answer: str, now: float) -> Verdict:
    """Return whether the answer is an unused code of one of the enrolments at the time ``now``.

    The steps before and after the current one count too (RFC 6238, sections 5.2 and 6), each once: only a step above
    the enrolment's counter passes (ASVS 6.5.1). Should a code fit several steps, the highest one is used up.
    """
    code = answer.replace(" ", "")
    if not _CODE.fullmatch(code):
        return Refused("wrong", WRONG)
    matches = [(step, enrolment) for enrolment in enrolments for step in _matching_steps(enrolment.data, code, now)]
    unused = [(step, enrolment) for step, enrolment in matches if step > enrolment.counter]
    if unused:
        step, enrolment = max(unused, key=lambda match: match[0])
        return Passed(enrolment.id, counter=step)
    return Refused("replayed", USED) if matches else Refused("wrong", WRONG)


def _matching_steps(secret: bytes, code: str, now: float) -> list[int]:
    """Return which steps of the window have this code; all of them are compared, so that no duration tells which."""
    generator = pyotp.TOTP(base32_key(secret), digits=DIGITS, interval=PERIOD)
    current = int(now // PERIOD)
    window = range(max(current - 1, 0), current + 2)
    return [step for step in window if compare_digest(generator.generate_otp(step), code)]
