# SPDX-License-Identifier: MIT
"""H61 and H63: where the secret of a set-up is seen, and what odd names make of the address that holds it."""

import base64
from html import escape
from urllib.parse import unquote, urlsplit

import pytest

from ccm_core.services.user_admin import Actor
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, events, post
from tests.functional.phone import ACCOUNT, SETUP, Enrolled, Phone, begin_setup
from tests.functional.test_headers import assert_complete
from tests.functional.test_setup import uri_of
from tests.hostile.acts import CHALLENGE, state
from tests.hostile.open_windows import only_cookies
from tests.hostile.routes import addresses, open_addresses

PLUGIN = "/admin/plugins/twofactor"


def forms_of(secret: str) -> list[bytes]:
    """Return the secret as it could be written down."""
    raw = base64.b32decode(secret)
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    texts = (secret, secret.lower(), grouped, raw.hex(), base64.b64encode(raw).decode())
    return [raw, *(text.encode() for text in texts)]


def shows(content: bytes, secret: str) -> bool:
    return any(form in content for form in forms_of(secret))


def pages(tenant: Tenant, browser: Browser) -> dict[str, bytes]:
    """Return every page that a browser can open, by path, with its headers."""
    paths = {path for method, path in addresses(tenant) if method == "GET"} | set(open_addresses(tenant))
    found = {}
    for path in sorted(paths):
        answer = browser.send("GET", path)
        assert answer.status_code < 500, path
        found[path] = b"\n".join([*(value for _, value in answer.headers.raw), answer.content])
    return found


def kept(tenant: Tenant) -> dict[str, bytes]:
    """Return every file of the data directory, the log, the database and the mails included."""
    tenant.host.deliver()
    return {path.name: path.read_bytes() for path in tenant.host.settings.data_dir.rglob("*") if path.is_file()}


def test_h61_only_the_page_of_the_pending_set_up_shows_the_secret_and_it_is_not_kept(protected: Tenant) -> None:
    browser = protected.browser("erika")
    secret = begin_setup(protected, browser).secret
    assert [path for path, content in pages(protected, browser).items() if shows(content, secret)] == [SETUP]
    answer = browser.send("GET", SETUP)
    assert_complete(answer, secure=False)
    assert answer.headers["cache-control"] == "no-store"
    assert not {"etag", "last-modified", "expires"} & set(answer.headers)
    assert not shows(str(browser.response.url).encode(), secret)
    for other in (protected.browser("erika"), protected.browser("admin"), protected.browser()):
        assert [path for path, content in pages(protected, other).items() if shows(content, secret)] == []
    assert [name for name, content in kept(protected).items() if shows(content, secret)] == []


def test_h61_a_page_of_another_site_cannot_read_the_secret(protected: Tenant) -> None:
    """Its requests come without our cookie (SameSite); what comes with it opens to no other origin."""
    browser = protected.browser("erika")
    secret = begin_setup(protected, browser).secret
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image", "Origin": "https://evil.example"}
    bare = protected.browser()
    assert bare.send("GET", SETUP, headers=headers).headers["location"].startswith("/login")
    answer = browser.send("GET", SETUP, headers=headers)
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert not any(name.startswith("access-control-") for name in answer.headers)
    fields = browser.page.form(SETUP).fields
    for method, form in (("OPTIONS", None), ("POST", fields)):
        answer = browser.send(method, SETUP, data=form, headers=headers)
        assert answer.status_code in {403, 405}
        assert not shows(answer.content, secret)


def test_h61_after_the_activation_nothing_shows_the_secret_any_more(erika: Enrolled) -> None:
    tenant, secret = erika.tenant, erika.phone.secret
    erika.log_in()
    erika.browser.get(SETUP)
    assert erika.browser.path == ACCOUNT
    erika.browser.get(ACCOUNT)
    for browser in (erika.browser, only_cookies(erika.browser), tenant.browser("admin"), erika.at_second_dialog()):
        assert [path for path, content in pages(tenant, browser).items() if shows(content, secret)] == []
    assert [name for name, content in kept(tenant).items() if shows(content, secret)] == []
    mails = tenant.mails()
    assert len(mails) == 1
    assert not [mail for mail in mails if shows(mail.as_bytes(), secret)]
    assert not [entry for entry in events(tenant) if shows(repr(entry).encode(), secret)]


def entry_of(uri: str) -> tuple[str, str, dict[str, str]]:
    """Return issuer, account and parameters as an app reads them: decoded once, a plus as it stands."""
    assert uri.isascii()
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    pairs = [pair.split("=") for pair in parts.query.split("&")]
    parameters = {name: unquote(value, errors="strict") for name, value in pairs}
    assert len(parameters) == len(pairs)
    issuer, name = unquote(parts.path.removeprefix("/"), errors="strict").split(":")
    return issuer, name, parameters


def assert_sound(page: Browser, phone: Phone, issuer: str, name: str) -> None:
    """The shown address holds exactly what apps need, with one issuer, and nothing came through as markup."""
    found_issuer, found_name, parameters = entry_of(uri_of(page.page))
    assert (found_issuer, found_name) == (issuer, name)
    fixed = {"secret": phone.secret, "issuer": issuer, "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert parameters == fixed
    assert "<script>alert" not in page.page.html


ACCEPTED = [
    "a:b/c?d=e#f&g%h+i",
    "100 % + 1",
    "%3A%00%2f",
    "x&secret=AAAA&issuer=evil",
    "Jürgen Müßig-Öztürk",
    "🔐 Tresor",
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "n" * 64,
]
REFUSED = ["a@b", "line\nbreak", "\u202eevil", "\u200fרחל", "a\ttab", "n" * 65, "n" * 300, " ", "\x1b[31m"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_h63_an_odd_user_name_makes_a_sound_address_and_no_markup(protected: Tenant, name: str) -> None:
    parts = protected.host.parts
    parts.users.add(
        protected.instance, name, "odd@example.org", "user", protected.host.clock(), Actor(), password=PASSWORD
    )
    browser = protected.browser(name)
    phone = begin_setup(protected, browser)
    assert_sound(browser, phone, protected.name, name.replace(":", ""))
    assert escape(name, quote=False).replace('"', "&#34;").replace("'", "&#39;") in browser.page.html
    browser.submit(SETUP, code=phone.code())
    login = protected.browser(name)
    login.submit(CHALLENGE, code=phone.next_code())
    assert state(login) == "active"


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_h63_a_name_that_is_too_long_or_cannot_be_printed_is_refused(protected: Tenant, name: str) -> None:
    admin = protected.browser("admin")
    admin.get("/admin/users")
    admin.submit("/admin/users", name=name, email="odd@example.org", role="user")
    assert admin.response.status_code == 400
    assert admin.page.errors
    assert protected.host.parts.users.find(protected.instance, "odd@example.org") is None


ISSUERS = {name: name.replace(":", "") for name in ACCEPTED} | {
    "line\nbreak": "linebreak",
    "\u202eevil": "evil",
    "\u200fרחל": "רחל",
    "\x1b[31mred": "[31mred",
    "n" * 300: "n" * 64,
    "  padded  ": "padded",
}


@pytest.mark.parametrize("issuer", ISSUERS, ids=lambda text: ascii(text[:16]))
def test_h63_an_odd_name_of_the_backend_makes_a_sound_address_and_no_markup(protected: Tenant, issuer: str) -> None:
    """What a setting may hold is the plugin's to say: either it is refused with a sentence, or the address is sound."""
    admin = protected.browser("admin")
    admin.get(PLUGIN)
    post(admin, f"{PLUGIN}/settings", issuer=issuer)
    assert "<script>alert" not in admin.page.html
    refused = admin.response.status_code == 400
    assert not refused or admin.page.errors
    browser = protected.browser("erika")
    phone = begin_setup(protected, browser)
    assert_sound(browser, phone, protected.name if refused else ISSUERS[issuer], account(protected).name)
