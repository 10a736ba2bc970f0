# SPDX-License-Identifier: MIT
"""What parsers of requests promise: headers, cookies, paths, page tokens, forms."""

from __future__ import annotations

import io
import ipaddress
import re
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from flask import Request
from werkzeug.exceptions import HTTPException

from ccm_core.errors import NotFound
from ccm_core.services.clients import USER_AGENT_LENGTH, Client
from ccm_core.services.user_agents import browser_of
from ccm_core.services.vault import Ring, Vault, write_ring
from ccm_core.texts import LANGUAGES, Translator, best_language
from ccm_core.web import forms, page_tokens
from ccm_core.web.clients import client_of, host_of
from ccm_core.web.cookies import LOGIN, SESSION, VISIT, Cookies
from ccm_core.web.guards import FORM, check_body, check_text
from ccm_core.web.paths import masked, own_path
from ccm_core.web.static_files import file_in

ORIGIN = "https://ccm.example"
PROXY = "127.0.0.1"
TRUSTED = (ipaddress.ip_network("127.0.0.0/8"),)
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
FORMS = (forms.LoginForm, forms.ForgotForm, forms.NewPasswordForm, forms.ChangePasswordForm, forms.ProfileForm)
FORMS += (forms.EmailForm, forms.NewUserForm)


def wire(text: str) -> str:
    """Return a text as a server hands on a header: each byte a character, without those that end a header."""
    return re.sub(r"[\0\r\n]", "", text.encode("utf-8", "surrogatepass").decode("latin-1"))


def request(body: bytes = b"", query: str = "", **headers: str) -> Request:
    """Return a request as the application gets it."""
    environ: dict[str, object] = {f"HTTP_{name.upper()}": wire(value) for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "QUERY_STRING": query, "REMOTE_ADDR": PROXY}
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": FORM}
    environ |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    return Request(environ)


def next_path(text: str) -> None:
    """A return address stays as it is or is the default, and never leaves the host."""
    for tried in (text, f"/{text}", wire(text)):
        path = own_path(tried)
        assert path in {tried, "/"}
        target = urlsplit(urljoin(f"{ORIGIN}/login", path))
        assert (target.scheme, target.netloc) == ("https", "ccm.example")


def path_in_logs(text: str) -> None:
    """What is logged is short and holds no mailed token."""
    assert len(masked(text)) <= 100
    for place in ("/password/reset", "/activate", "/account/email"):
        assert masked(f"{place}/{text}") == f"{place}/…"


def language(text: str) -> None:
    """A header chooses one of the languages that there are."""
    assert best_language(text) in LANGUAGES
    assert best_language(wire(text)) in LANGUAGES


def host(text: str) -> None:
    """A host name is lower case; one that only a proxy may tell counts from a proxy alone."""
    own, told = request(host=text), request(host="a.example", x_forwarded_host=text)
    for name in (host_of(own, ()), host_of(told, TRUSTED)):
        assert name == name.casefold()
        assert not set(name) & set("/?#@")
    assert host_of(told, ()) == "a.example"
    assert host_of(own, TRUSTED) == host_of(own, ())


def addresses(text: str) -> None:
    """A caller is a network of the documented width or unknown; a chain counts from a proxy alone."""
    told = request(x_forwarded_for=text, user_agent=text)
    client = client_of(told, TRUSTED)
    assert len(client.user_agent) <= USER_AGENT_LENGTH
    if client.network != "unknown":
        network = ipaddress.ip_network(client.network)
        assert network.prefixlen == {4: 24, 6: 64}[network.version]
        assert set(client.network) <= set("0123456789abcdef.:/")
    assert client_of(told, ()) == Client("127.0.0.0/24", client.user_agent)


class StaticFiles:
    """A folder with one file, beside another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "static"

    def check(self, text: str) -> None:
        """A path leads to the file, or nowhere."""
        self._folder.mkdir(exist_ok=True)
        (self._folder / "app.css").touch()
        for path in (text, wire(text)):
            with suppress(NotFound):
                assert file_in(self._folder, path) == self._folder.resolve() / "app.css"


def user_agent(text: str) -> None:
    """The name of a browser is short."""
    assert len(browser_of(text)) <= 40


def cookies(text: str) -> None:
    """A cookie is a token of ours that was sent, or nothing."""
    for secure in (False, True):
        found = Cookies(secure, request(cookie=text))
        for value in map(found.get, (SESSION, LOGIN, VISIT)):
            assert value == "" or TOKEN.fullmatch(value)


class PageTokens:
    """Page tokens of one key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _vault(self) -> Vault:
        path = self._folder / "page-token-keys"
        write_ring(path, Ring({"00000001": bytes(range(32))}))
        return Vault(path)

    def check(self, text: str) -> None:
        """Only a token that was made for this very visit or session fits, and always."""
        secret = text.encode("utf-8", "surrogatepass")
        token = page_tokens.make(self._vault, "visit", secret)
        assert page_tokens.fits(self._vault, "visit", secret, token)
        assert not page_tokens.fits(self._vault, "session", secret, token)
        assert not page_tokens.fits(self._vault, "visit", secret + b"x", token)
        assert not page_tokens.fits(self._vault, "visit", secret, text)
        assert not page_tokens.fits(self._vault, "visit", secret, f"{token[:-9]}{text}")


def form(text: str) -> None:
    """A body or query is refused with 400 to 415, or every form reads it and says what is wrong with it."""
    latin = text.encode("latin-1", "replace")
    for body, query in ((text.encode("utf-8", "surrogatepass"), wire(text)), (latin, latin.decode("latin-1"))):
        read = request(body, query)
        with suppress(HTTPException):
            check_body(read)
            check_text(read)
            assert len(body) <= 65536
            for kind in FORMS:
                filled = kind(read.form)
                told = errors_of(filled)
                assert filled.validate() == (not told)
            assert all(isinstance(value, str) for value in (*read.args.values(), *read.form.values()))


def errors_of(filled: forms.Form) -> dict[str, str]:
    """Return what a form says of its fields."""
    filled.validate()
    return forms.errors_of(filled, Translator("en"))
