# SPDX-License-Identifier: MIT
"""What parsers of typed values promise: names, addresses, passwords, ids, plugin settings, codes, key addresses."""

from __future__ import annotations

import email as mails
import email.policy
import unicodedata
from urllib.parse import unquote

import pyotp

from ccm_core.errors import InputError, NotFound
from ccm_core.plugin_api import Enrolment, Passed, Refused, SettingField, SettingsForm
from ccm_core.services import accounts
from ccm_core.services.hashing import Argon2Cffi
from ccm_core.services.outbox import Mail
from ccm_core.services.passwords import LONGEST, LONGEST_BYTES, Passwords
from ccm_core.services.plugin_settings import TEXT_LENGTH, checked_settings
from ccm_core.services.tokens import token_hash
from ccm_core.services.transports import message_of
from ccm_core.web.forms import id_of
from ccm_twofactor import totp

KEY = b"12345678901234567890"
NOW = 1_800_000_010.0
CODES = tuple(pyotp.TOTP(totp.base32_key(KEY)).at(NOW + shift) for shift in (-30, 0, 30))
"""What the app shows in the three steps that count, as another implementation tells."""
QR_BYTES = 2953
"""What the largest QR code of level L holds (ISO/IEC 18004, table 7)."""
MIN_LENGTH = 15
PASSWORDS = Passwords(1, MIN_LENGTH, Argon2Cffi())
SETTINGS = SettingsForm(
    (
        SettingField("text", "Text", "text", ""),
        SettingField("number", "Number", "integer", 1, minimum=-5, maximum=500),
        SettingField("choice", "Choice", "choice", "red", choices=(("red", "Red"), ("blue", "Blue"))),
        SettingField("truth", "Truth", "boolean", default=False),
    )
)


def told_at(field: str, error: InputError) -> None:
    """Require that a refusal is shown at its field, and can be read."""
    assert (error.field, bool(str(error))) == (field, True)


def row_id(text: str) -> None:
    """An id is a number that the database takes; a mailed token's hash has 32 bytes whatever was sent."""
    assert len(token_hash(text)) == 32
    try:
        found = id_of(text, "There is no such user.")
    except NotFound:
        return
    assert 0 <= found < 2**63


def name(text: str) -> None:
    """A new name is refused, or printable, short, and found again under whatever form of it is typed."""
    try:
        checked = accounts.checked_name(text)
    except InputError as error:
        told_at("name", error)
        return
    assert checked == accounts.checked_name(checked)
    assert 0 < len(checked) <= accounts.NAME_LENGTH
    assert checked.isprintable()
    key = accounts.key_of(checked)
    assert len(key) <= accounts.NAME_KEY_LENGTH
    assert {accounts.key_of(form) for form in (text, unicodedata.normalize("NFD", checked), f" {checked} ")} == {key}


def email(text: str) -> None:
    """A new address is refused, or the one recipient of a mail that holds no other header."""
    try:
        checked = accounts.checked_email(text)
    except InputError as error:
        told_at("email", error)
        return
    sent = message_of(Mail(1, checked, "Subject", "Body\n", "<1@ccm.example>", NOW), "ccm@localhost").as_bytes()
    read = mails.message_from_bytes(sent, policy=mails.policy.default)
    assert [address.addr_spec for address in read["To"].addresses] == [checked]
    assert read.keys().count("To") == 1
    assert "Bcc" not in read


def password(text: str) -> None:
    """A new password is refused with the reason, or of a length that its hash takes."""
    try:
        PASSWORDS.check_new(text, text, frozenset({"erika"}))
    except InputError as error:
        told_at("new_password", error)
        return
    assert MIN_LENGTH <= len(text) <= LONGEST
    assert len(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")) <= LONGEST_BYTES


def plugin_settings(text: str) -> None:
    """Typed settings are refused at their field, or within what the plugin asked for."""
    right = {"text": "a", "number": "1", "choice": "red", "truth": ""}
    for field in right:
        try:
            found = checked_settings(SETTINGS, right | {field: text})
        except InputError as error:
            told_at(field, error)
            continue
        number, words = found["number"], found["text"]
        assert isinstance(number, int) and -5 <= number <= 500  # noqa: PT018 - the second for a number alone
        assert isinstance(words, str) and len(words) <= TEXT_LENGTH  # noqa: PT018 - likewise
        assert (found["choice"] in {"red", "blue"}, type(found["truth"])) == (True, bool)


def code(text: str) -> None:
    """Exactly the three codes of the window pass, blanks aside; nothing else is more than wrong."""
    enrolment = Enrolment(id=1, label="Smartphone app", data=KEY, counter=-1, confirmed=True)
    verdict = totp.verify([enrolment], text, NOW)
    typed = text.replace(" ", "")
    if typed in CODES:
        assert verdict == Passed(1, counter=int(NOW // 30) - 1 + CODES.index(typed))
    else:
        assert isinstance(verdict, Refused)
        assert verdict.reason == "wrong"


def key_address(text: str) -> None:
    """Whatever issuer and account are called, an app reads the secret and both names, and a QR code holds it."""
    issuer, _, account = text.partition("\n")
    uri = totp.key_uri(KEY, issuer=issuer, account=account)
    assert uri.isascii()
    assert len(uri) < QR_BYTES
    read = pyotp.parse_uri(uri)
    assert read.secret == totp.base32_key(KEY)
    assert unquote(uri.partition("/totp/")[2].partition("?")[0]) == f"{read.issuer}:{read.name}"
    assert all(part.isprintable() and len(part) <= 64 for part in (read.issuer or "", read.name))
    if len(uri) > QR_BYTES // 2:
        assert totp.qr_code(uri).size > 0
