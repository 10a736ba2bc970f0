# SPDX-License-Identifier: MIT
"""What the tests share: the host's side of the border in memory, its template environment, a browser."""

import shutil
import struct
from collections.abc import Callable, Iterator
from hmac import digest

import pytest
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from playwright.sync_api import Browser, sync_playwright

from ccm_core.plugin_api import (
    Enrolment,
    Login,
    Page,
    PageRequest,
    Passed,
    Purpose,
    Redirect,
    Refused,
    Store,
    User,
    Verdict,
)
from ccm_twofactor import plugin

ERIKA = User(id=7, name="erika", email="erika@example.org", language="en")


class Ledger:
    """The host's ``Enrolments`` of one user, without a database."""

    def __init__(self) -> None:
        self.now = 2_000_000_000.0
        self.locked = False
        self.begun = 0
        self.wrong_set_up_codes = 0
        self.answers: list[str] = []
        self.open: Enrolment | None = None
        self.bound: tuple[Enrolment, ...] = ()

    def pending(self) -> Enrolment | None:
        return self.open

    def confirmed(self) -> tuple[Enrolment, ...]:
        return self.bound

    def begin(self, label: str, data: bytes) -> Enrolment:
        self.begun += 1
        self.wrong_set_up_codes = 0
        self.open = Enrolment(self.begun, label, data, counter=-1, confirmed=False)
        return self.open

    def confirm(self, answer: str) -> Verdict:
        if self.open is None:
            return Refused("gone")
        verdict = self.verify("setup", (self.open,), answer)
        if isinstance(verdict, Passed):
            assert verdict.enrolment == self.open.id
            counter = -1 if verdict.counter is None else verdict.counter
            self.bound = (Enrolment(self.open.id, self.open.label, self.open.data, counter, confirmed=True),)
            self.open = None
        else:
            self.wrong_set_up_codes += 1
            if self.wrong_set_up_codes == 5:
                self.open = None
        return verdict

    def withdraw(self, answer: str) -> Verdict:
        if self.locked:
            return Refused("too many", "Wait a little.", retry_after=30)
        verdict = self.verify("removal", self.bound, answer)
        if isinstance(verdict, Passed):
            self.bound = ()
        return verdict

    def verify(self, purpose: Purpose, enrolments: tuple[Enrolment, ...], answer: str) -> Verdict:
        self.answers.append(answer)
        challenge = plugin.ccm_login_challenge(Login(purpose, ERIKA, enrolments))
        return challenge.verify(answer, self.now)


class NoStore:
    """The plugin keeps nothing but its enrolment."""

    def get(self, key: str) -> object | None:
        raise AssertionError(key)

    def put(self, key: str, value: object) -> None:
        raise AssertionError(key, value)

    def delete(self, key: str) -> None:
        raise AssertionError(key)


@pytest.fixture
def erika() -> User:
    return ERIKA


@pytest.fixture
def no_store() -> Store:
    return NoStore()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def visit(ledger: Ledger) -> Callable[..., Page | Redirect]:
    """Call the view that the plugin has routed to a method and a path."""

    def call(method: str, path: str, form: dict[str, str] | None = None, **settings: object) -> Page | Redirect:
        (route,) = [route for route in plugin.ccm_pages() if (route.method, route.path) == (method, path)]
        return route.view(
            PageRequest(
                method=method,
                form=form or {},
                user=ERIKA,
                now=ledger.now,
                issuer="consent.example.org",
                settings=settings,
                translate=lambda text: text,
                url=own_url,
                store=NoStore(),
                enrolments=ledger,
            )
        )

    return call


def own_url(path: str) -> str:
    return f"/plugins/twofactor/{path}"


@pytest.fixture
def draw() -> Callable[..., str]:
    """Draw a page, section or challenge as the host does: escaped, strict, and with the three names it offers."""
    package = PackageLoader("ccm_twofactor", "templates")
    loader = PrefixLoader({"plugins": PrefixLoader({"twofactor": package})})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.globals["url"] = own_url
    environment.globals["page_token_field"] = lambda: Markup('<input type="hidden" name="page_token">')

    def render(part: object, translate: Callable[[str], str] = lambda text: text) -> str:
        return environment.get_template(part.template).render(part.context, _=translate)

    return render


@pytest.fixture
def code_at() -> Callable[[bytes, int], str]:
    """RFC 4226, section 5.3, written down once more, so that the library is not checked by itself."""

    def code(secret: bytes, step: int) -> str:
        mac = digest(secret, struct.pack(">Q", step), "sha1")
        offset = mac[-1] & 0x0F
        number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"

    return code


@pytest.fixture(scope="module")  # not longer: a process can run only one Playwright, and the host's tests run their own
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()
