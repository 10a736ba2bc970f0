# SPDX-License-Identifier: MIT
"""The key URI, read by the rules of the apps that import it, each written down from that app's own behaviour."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_twofactor import totp

SECRET = bytes(range(20))


@dataclass(frozen=True)
class Entry:
    """What an app keeps of a URI."""

    issuer: str
    account: str
    secret: bytes


def split(uri: str) -> tuple[str, dict[str, str]]:
    """Return label and parameters as an Android ``Uri`` gives them: percent-decoded once, a plus left as it is."""
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    parameters = [parameter.split("=") for parameter in parts.query.split("&")]
    names = [name for name, _ in parameters]
    assert len(names) == len(set(names))
    return unquote(parts.path.removeprefix("/"), errors="strict"), {
        name: unquote(value, errors="strict") for name, value in parameters
    }


def strict_base32(text: str) -> bytes:
    assert re.fullmatch("[A-Z2-7]+", text)
    return base64.b32decode(text + "=" * (-len(text) % 8))


def aegis(uri: str) -> Entry:
    """Takes issuer and account from a label with exactly one colon; knows SHA1, not SHA-1; any odd value ends it."""
    label, parameters = split(uri)
    assert label.count(":") == 1
    issuer, account = label.split(":")
    assert parameters["algorithm"].upper() in {"SHA1", "SHA256", "SHA512", "MD5"}
    assert 1 <= int(parameters["digits"]) <= 10
    assert 1 <= int(parameters["period"]) <= 2_147_483
    return Entry(issuer, account, strict_base32(re.sub("[ -]", "", parameters["secret"])))


def freeotp(uri: str) -> Entry:
    """Refuses a second colon, unknown algorithms, secrets below 16 bytes."""
    label, parameters = split(uri)
    issuer, _, account = label.partition(":")
    assert ":" not in account
    assert parameters["algorithm"].upper() in {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"}
    assert 6 <= int(parameters["digits"]) <= 9
    assert int(parameters["period"]) >= 5
    secret = strict_base32(parameters["secret"])
    assert len(secret) >= 16
    return Entry(issuer, account, secret)


def google_authenticator(uri: str) -> Entry:
    """Reads label, secret and issuer alone; an empty name is an error; everything else is fixed."""
    assert uri.startswith("otpauth://totp/")
    label, parameters = split(uri)
    account = label.rpartition(":")[2].strip()
    assert account
    assert [parameters[name] for name in ("algorithm", "digits", "period")] == ["SHA1", "6", "30"]
    return Entry(parameters["issuer"], account, strict_base32(parameters["secret"]))


def bitwarden(uri: str) -> Entry:
    """Lower-cases the whole URI and drops what is not Base32."""
    label, parameters = split(uri.lower())
    secret = strict_base32(re.sub("[^A-Z2-7]", "", parameters["secret"].upper()))
    entry = google_authenticator(uri)
    assert len(label.partition(":")[2]) > 0
    return Entry(entry.issuer, entry.account, secret)


APPS = [aegis, freeotp, google_authenticator, bitwarden]
HOSTILE = [
    "consent.example.org",
    "Müller & Söhne",
    "a+b c",
    "50% off? #1 / two",
    "erika@example.org",
    "%3A%253A%00",
    "<script>alert(1)</script>",
    "x&secret=AAAA&issuer=evil#fragment",
    "日本語の会社",
    "🔐🏳️‍🌈",
    "\u200fעברית\u200e",
    "line\nbreak\r\n\t\0",
    "a:b:c",
    "::: \n",
    "",
    " ",
    "\ud800",
    "n" * 300,
    "🔐" * 300,
    "n" * 63 + " " + "n" * 9,
]


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize(
    ("issuer", "account"), [*zip(HOSTILE, reversed(HOSTILE), strict=True)], ids=lambda text: ascii(text[:16])
)
def test_every_app_reads_the_same_entry(app: Callable[[str], Entry], issuer: str, account: str) -> None:
    entry = app(totp.key_uri(SECRET, issuer=issuer, account=account))
    assert entry == aegis(totp.key_uri(SECRET, issuer=issuer, account=account))
    assert entry.secret == SECRET


@given(issuer=st.text(max_size=100), account=st.text(max_size=100))
def test_any_name_gives_a_uri_of_ascii_that_every_app_reads_alike(issuer: str, account: str) -> None:
    uri = totp.key_uri(SECRET, issuer=issuer, account=account)
    form = r"otpauth://totp/(P+):P+\?secret=[A-Z2-7]{32}&issuer=\1&algorithm=SHA1&digits=6&period=30"
    assert re.fullmatch(form.replace("P", r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})"), uri)
    (entry,) = {app(uri) for app in APPS}
    for part in (entry.issuer, entry.account):
        assert 1 <= len(part) <= 64
        assert part == part.strip()
        assert part.isprintable()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Müller & Söhne", "Müller & Söhne"),
        ("a+b c/d?e#f%g", "a+b c/d?e#f%g"),
        ("%3A", "%3A"),
        ("  padded  ", "padded"),
        ("a:b", "ab"),
        ("line\nbreak\0", "linebreak"),
        ("\u202eevil", "evil"),
        ("n" * 300, "n" * 64),
        ("n" * 63 + " tail", "n" * 63),
        ("ä" * 64, "ä" * 64),
    ],
)
def test_a_name_is_kept_but_for_colons_and_what_cannot_be_printed(given: str, kept: str) -> None:
    entry = aegis(totp.key_uri(SECRET, issuer=given, account=given))
    assert (entry.issuer, entry.account) == (kept, kept)


def test_the_uri_has_exactly_the_agreed_form() -> None:
    assert totp.key_uri(SECRET, issuer="Consent Manager", account="erika") == (
        "otpauth://totp/Consent%20Manager:erika?secret=AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT"
        "&issuer=Consent%20Manager&algorithm=SHA1&digits=6&period=30"
    )


@pytest.mark.parametrize("empty", ["", " ", ":", "\n"])
def test_a_name_of_which_nothing_remains_is_replaced(empty: str) -> None:
    entry = aegis(totp.key_uri(SECRET, issuer=empty, account=empty))
    assert (entry.issuer, entry.account) == ("Login", "account")
