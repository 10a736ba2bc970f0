# SPDX-License-Identifier: MIT
"""H95 to H97: scripts, queries and templates in every field there is, and cookies from elsewhere."""

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import httpx
import pytest

from ccm_core.services.user_admin import Actor
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from ccm_core.testing.pages import HtmlForm, HtmlPage
from tests.functional.acts import account, events
from tests.functional.phone import ACCOUNT, SETUP, begin_setup

SCRIPTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus x='",
    "javascript:alert(1)//</title></style><svg onload=alert(1)>",
]
TEXTS = ["' or 1=1--", "{{7*7}}{% print(7*7) %}", "{0.__class__}%n%s%(name)s", "$(id)`id`;id|id"]
"""What means something to a database, a template, a formatter or a shell."""
PAGES = {
    "": ("/login", "/password/forgot"),
    "admin": ("/", ACCOUNT, "/confirm", "/admin/users", "/admin/plugins", "/admin/plugins/twofactor", "/admin/audit"),
}
"""What a visitor and an administrator look at; an administrator sees all that a user sees, and more."""
ENDS = ("/logout", "/session/unlock", "/delete", "/disable", "/role", "/purge", "/deactivate")
QUERY = ("next", "q", "after", "user", "event", "done", "factor", "reason", "fields", "target")


class Active(HTMLParser):
    """Collects from a page whatever would run, or load from elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        foreign = tag == "script" and not own.get("src", "").startswith("/static/")
        if foreign or tag in {"img", "iframe", "object", "embed", "base", "style"}:
            self.found.append(tag)
        for name, value in own.items():
            scheme = value.strip().lower().partition(":")[0]
            runs = name in {"href", "src", "action", "formaction"} and scheme in {"javascript", "data", "vbscript"}
            if name.startswith("on") or name in {"style", "srcdoc"} or runs:
                self.found.append(f"{tag} {name}")


def assert_inert(answer: httpx.Response, about: object) -> None:
    assert answer.status_code < 500, about
    if "html" in answer.headers.get("content-type", ""):
        assert Active(answer.text).found == [], about


def forms(browser: Browser, path: str) -> list[HtmlForm]:
    """Return the forms of a page, but not those that end the session or an account."""
    browser.get(path)
    assert browser.response.status_code == 200
    return [form for form in browser.page.forms if not form.action.endswith(ENDS)]


def type_everywhere(browser: Browser, paths: tuple[str, ...], payload: str) -> int:
    """Type a payload into every field of every form, one at a time, and into every query; returns how often."""
    tried = 0
    for path in paths:
        for form in forms(browser, path):
            for name in form.fields:
                fields = form.fields | {name: payload}
                if form.method == "post":
                    browser.post(form.action, fields)
                else:
                    browser.get(f"{form.action or path}?{urlencode(fields)}")
                assert_inert(browser.response, (path, form.action, name))
                tried += 1
        for name in QUERY:
            browser.get(f"{path}?{name}={quote(payload)}")
            assert_inert(browser.response, (path, name))
        browser.get(f"{path}/{quote(payload, safe='')}")
        assert_inert(browser.response, path)
    return tried


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize("payload", SCRIPTS + TEXTS)
def test_h95_h96_no_field_and_no_query_makes_more_than_text_of_what_is_typed(
    protected: Tenant, role: str, payload: str
) -> None:
    person = f"/admin/users/{account(protected).id}"
    paths = PAGES[role] + ((person,) if role else ())
    assert type_everywhere(protected.browser(role or None), paths, payload) > (20 if role else 4)
    protected.host.clock.move(61)
    admin = protected.browser("admin")
    if role:
        admin.get(ACCOUNT)
        assert admin.page.form(ACCOUNT).fields["company"] == payload
        assert protected.instance.active["twofactor"].settings == {"issuer": payload}
    for path in (*PAGES["admin"], person):
        admin.get(path)
        assert_inert(admin.response, path)


def stored(tenant: Tenant, payload: str) -> tuple[Browser, int]:
    """Let a user be called what was typed, in every respect; returns the user's browser and id."""
    user = tenant.host.parts.users.add(
        tenant.instance, payload, "eve@example.org", "user", tenant.host.clock(), Actor(), password=PASSWORD
    )
    browser = tenant.browser(payload, user_agent=payload)
    browser.get(ACCOUNT)
    browser.submit(ACCOUNT, first_name=payload, last_name=payload, company=payload)
    browser.get(ACCOUNT)
    browser.submit("/account/email", email="eve2@example.org")
    admin = tenant.browser("admin")
    admin.get("/admin/plugins/twofactor")
    admin.submit("/admin/plugins/twofactor/settings", issuer=payload)
    return browser, user.id


@pytest.mark.parametrize("payload", SCRIPTS + TEXTS)
def test_h95_h96_what_is_stored_is_shown_as_it_was_typed(protected: Tenant, payload: str) -> None:
    browser, number = stored(protected, payload)
    admin = protected.browser("admin")
    for path in ("/admin/users", f"/admin/users/{number}", "/admin/plugins/twofactor", "/admin/audit"):
        admin.get(path)
        assert_inert(admin.response, path)
        assert payload in admin.page.text or payload in str(admin.page.forms), path
    for act in ("delete", "reset-factor", "role"):
        admin.get(f"/admin/users/{number}")
        form = {"page_token": admin.page.form("/logout").fields["page_token"], "role": payload}
        answer = admin.send("POST", f"/admin/users/{number}/{act}", data=form)
        assert_inert(answer, act)
        assert payload in HtmlPage(answer.text).text
    begin_setup(protected, browser)
    assert_inert(browser.response, SETUP)
    assert "49" not in browser.page.form(SETUP).fields.values()
    browser.get("/")
    assert_inert(browser.response, "/")
    assert payload in browser.page.text
    assert events(protected, "user.added")[0]["about"] == payload


@pytest.mark.parametrize("payload", SCRIPTS + TEXTS)
def test_h95_h96_mails_are_plain_text_that_says_what_was_typed(protected: Tenant, payload: str) -> None:
    stored(protected, payload)
    asking = protected.browser()
    asking.get("/password/forgot")
    asking.submit("/password/forgot", username=payload)
    mails = protected.mails("eve")
    assert len(mails) == 2
    for mail in mails:
        assert (mail.get_content_type(), mail["To"] in {"eve@example.org", "eve2@example.org"}) == ("text/plain", True)
        assert payload in mail.get_content()
        (link,) = (word for word in mail.get_content().split() if word.startswith(f"{protected.origin}/"))
        asking.get(link.removeprefix(protected.origin))
        assert_inert(asking.response, link)
        assert asking.response.status_code == 200


@pytest.mark.parametrize("payload", TEXTS)
def test_h96_a_query_or_a_template_in_the_login_signs_nobody_in(tenant: Tenant, payload: str) -> None:
    for name, password in ((payload, payload), ("erika" + payload, PASSWORD), ("erika", payload), (payload, PASSWORD)):
        browser = tenant.browser(name, password)
        assert (browser.response.status_code, browser.session()["state"]) == (401, "none")
        assert browser.page.form("/login").fields["username"] == name


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host behind https, whose cookies are bound to it."""
    with running_host(tmp_path_factory.mktemp("secure"), base_url="https://ccm.example") as running:
        yield running


@pytest.fixture
def people(secure: Host) -> tuple[Tenant, str, str]:
    """An instance behind https, and the session ids of erika and of an attacker who has an account as well."""
    tenant = secure.tenant()
    tenant.add_user("erika")
    tenant.add_user("eve")
    return tenant, *(tenant.browser(name).cookies["__Host-ccm_session"] for name in ("erika", "eve"))


def seen(tenant: Tenant, cookie: str | bytes) -> str | None:
    """Return who is signed in by a cookie header."""
    raw = cookie if isinstance(cookie, bytes) else cookie.encode()
    headers = {"Host": tenant.origin.partition("//")[2].encode(), "Cookie": raw, "Sec-Fetch-Dest": b"empty"}
    answer = tenant.host.client.get("/session", headers=headers)
    assert answer.status_code == 200
    user: str | None = answer.json()["user"]
    return user


TOSSED = ["ccm_session={eve}", "__Secure-ccm_session={eve}", "__host-ccm_session={eve}", "__Host-ccm_session_={eve}"]
TOSSED += ["$Version=1; $__Host-ccm_session={eve}", 'x="__Host-ccm_session={eve}"', "x=1,__Host-ccm_session={eve}"]
TOSSED += [
    "%5f_Host-ccm_session={eve}",
    "=__Host-ccm_session={eve}",
    "__Host-ccm_login={eve}",
    "__Host-ccm_visit={eve}",
]
"""What a page of a sibling subdomain can set for the parent domain: browsers keep ``__Host-`` itself from it."""
SPACES = ["\xa0", "\x85", "\u2000", "\u3000", "\ufeff"]
"""What some parsers take for white space around a cookie's name, and browsers for a part of it."""


@pytest.mark.parametrize("cookie", TOSSED)
def test_h97_a_cookie_that_a_sibling_subdomain_can_set_is_no_session(
    people: tuple[Tenant, str, str], cookie: str
) -> None:
    tenant, erika, eve = people
    tossed = cookie.format(eve=eve)
    assert seen(tenant, f"__Host-ccm_session={eve}") == "eve"
    assert seen(tenant, tossed) is None
    assert seen(tenant, f"{tossed}; __Host-ccm_session={erika}") == "erika"
    assert seen(tenant, f"__Host-ccm_session={erika}; {tossed}") == "erika"


@pytest.mark.parametrize("space", SPACES)
def test_h97_a_name_with_foreign_white_space_is_another_name(people: tuple[Tenant, str, str], space: str) -> None:
    """The server reads no cookie at all beside one that is not ASCII: nobody is signed in then."""
    tenant, erika, eve = people
    for tossed in (f"{space}__Host-ccm_session={eve}", f"__Host-ccm_session{space}={eve}"):
        for encoded in (tossed.encode(), tossed.encode("latin-1", "ignore") if space < "\xff" else b""):
            assert seen(tenant, encoded) is None
            assert seen(tenant, encoded + f"; __Host-ccm_session={erika}".encode()) in {"erika", None}


def test_h97_of_two_session_cookies_the_first_counts_or_none(people: tuple[Tenant, str, str]) -> None:
    tenant, erika, eve = people
    name = "__Host-ccm_session="
    assert seen(tenant, f"{name}{erika}; {name}{eve}") == "erika"
    assert seen(tenant, f"{name}{'A' * 43}; {name}{eve}") is None
    assert seen(tenant, f"{name}; {name}{eve}") is None
    assert seen(tenant, f"{name}{erika}{eve}") is None


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("size", [4_097, 8_192, 60_000])
def test_h97_a_large_or_odd_cookie_breaks_nothing(people: tuple[Tenant, str, str], size: int) -> None:
    tenant, erika, _ = people
    mine = f"__Host-ccm_session={erika}".encode()
    for other in (b"x=" + b"a" * size, b";" * size, b"=" * size, b'"' * size, b"x=\xff\xfe" + b"\xe4" * size):
        assert seen(tenant, mine + b"; " + other) in ({"erika"} if other.isascii() else {"erika", None})
        assert seen(tenant, b"__Host-ccm_session=" + other) is None
