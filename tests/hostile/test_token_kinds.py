# SPDX-License-Identifier: MIT
"""No token stands in for one of another kind: each is tried in the place of every other, and nothing changes."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from ccm_core.db import models as m
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant
from tests.functional.acts import snapshot
from tests.functional.phone import ACCOUNT, Enrolled, enrol
from tests.hostile.links import ACTIVATION, EMAIL, RESET, mailed

NEW = "a quite different sentence"
CHALLENGE, UNLOCK = "/login/challenge", "/session/unlock"
KINDS = ("activation", "email", "locked", "page", "pending", "reset", "session", "visit")


@dataclass(frozen=True)
class World:
    """An instance with one valid token of every kind, of two browsers that are signed in, one of them locked."""

    tenant: Tenant
    erika: Enrolled
    locked: Browser
    visitor: Browser
    tokens: dict[str, str]

    def state(self) -> tuple[object, ...]:
        """Return everything that a token could change."""
        instance = self.tenant.instance.id
        with self.tenant.host.parts.database.read() as connection:
            found = [
                connection.execute(
                    select(func.count(), func.max(table.c.id)).where(table.c.instance_id == instance)
                ).one()
                for table in (m.session, m.pending_login, m.mailed_link)
            ]
        return snapshot(self.tenant), [tuple(row) for row in found]

    def code(self) -> str:
        """Return a right code that nobody uses: the clock stands still, so that every token stays valid."""
        return self.erika.phone.code(steps=1)


@pytest.fixture(scope="module")
def world(host: Host) -> World:
    host.clock.to_step_start()
    tenant = host.tenant()
    tenant.add_user("erika")
    tenant.activate("twofactor")
    erika = enrol(tenant, "erika")
    locked = erika.browser
    locked.get(ACCOUNT)
    host.clock.move(1801)
    host.clock.to_step_start()
    signed_in = erika.log_in()
    links = mailed(tenant, signed_in)
    half, visitor = erika.at_second_dialog(), tenant.browser()
    visitor.get("/login")
    signed_in.get(ACCOUNT)
    tokens = {"locked": locked.cookies["ccm_session"], "session": signed_in.cookies["ccm_session"]}
    tokens |= {"pending": half.cookies["ccm_login"], "visit": visitor.cookies["ccm_visit"]}
    tokens |= {kind: links[start].removeprefix(start) for kind, start in LINKS.items()}
    tokens["page"] = signed_in.page.form("/logout").fields["page_token"]
    return World(tenant, Enrolled(tenant, "erika", signed_in, erika.phone), locked, visitor, tokens)


LINKS = {"reset": RESET, "activation": ACTIVATION, "email": EMAIL}


def page_token(browser: Browser) -> str:
    return next(form.fields["page_token"] for form in browser.page.forms if form.method == "post")


def visiting(world: World, **cookies: str) -> tuple[Browser, str]:
    """Return a browser with cookies of a visit and others, and the page token of the visit."""
    browser = world.tenant.browser()
    browser.cookies = dict(world.visitor.cookies) | cookies
    return browser, page_token(world.visitor)


def as_session(world: World, token: str) -> None:
    """The cookie of a session opens every page, with its page token every form."""
    browser, own = visiting(world, ccm_session=token)
    assert browser.session()["state"] == "none"
    for proof in (own, world.tokens["page"]):
        for path in (ACCOUNT, UNLOCK, "/logout", "/confirm"):
            answer = browser.send("POST", path, data={"page_token": proof, "password": PASSWORD, "code": world.code()})
            assert answer.status_code in {303, 403}, path
            assert answer.headers.get("location", "/login").startswith("/login")
        browser.cookies["ccm_session"] = token
    assert browser.send("GET", ACCOUNT).headers["location"].startswith("/login")


def as_pending(world: World, token: str) -> None:
    """The cookie of a pending login takes a code and gives a session."""
    browser, own = visiting(world, ccm_login=token)
    assert browser.send("GET", CHALLENGE).headers["location"] == "/login"
    answer = browser.send("POST", CHALLENGE, data={"page_token": own, "code": world.code(), "factor": "twofactor"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "ccm_session" not in browser.cookies


def as_link(world: World, start: str, token: str) -> None:
    """The token of a mailed link lets set a password or an address."""
    visitor, own = visiting(world)
    signed_in = world.erika.browser
    for browser, proof in ((visitor, own), (signed_in, world.tokens["page"])):
        form = {"page_token": proof, "new_password": NEW, "repeat_password": NEW, "code": world.code()}
        for answer in (browser.send("GET", start + token), browser.send("POST", start + token, data=form)):
            closed = start == EMAIL and browser is visitor
            assert answer.status_code == (303 if closed else 404), answer.request.method
            assert answer.headers.get("location", "/login").startswith("/login")


def as_page(world: World, token: str) -> None:
    """The page token lets send a form of the browser that it was drawn for, and unlock that browser's window."""
    tries = [(world.erika.browser, ACCOUNT, {"first_name": "x", "last_name": "x", "company": "x", "language": "de"})]
    tries += [(visiting(world)[0], "/login", {"username": "erika", "password": PASSWORD})]
    tries += [(visiting(world)[0], "/password/forgot", {"username": "erika"})]
    tries += [(visiting(world, ccm_login=world.tokens["pending"])[0], CHALLENGE, {"code": world.code()})]
    for browser, path, fields in tries:
        assert browser.send("POST", path, data=fields | {"page_token": token}).status_code == 403, path


def as_visit(world: World, token: str) -> None:
    """The cookie of a visit makes the page token of this visit fit."""
    browser, own = visiting(world, ccm_visit=token)
    answer = browser.send("POST", "/login", data={"page_token": own, "username": "erika", "password": PASSWORD})
    assert answer.status_code == 403


PLACES: dict[str, Callable[[World, str], None]] = {
    "session": as_session,
    "pending": as_pending,
    "reset": lambda world, token: as_link(world, RESET, token),
    "activation": lambda world, token: as_link(world, ACTIVATION, token),
    "email": lambda world, token: as_link(world, EMAIL, token),
    "page": as_page,
    "visit": as_visit,
}
OWN = {("locked", "session")} | {(kind, kind) for kind in KINDS}
PAIRS = sorted({(kind, place) for kind in KINDS for place in PLACES} - OWN)


@pytest.mark.parametrize(("kind", "place"), PAIRS)
def test_a_token_is_nothing_in_the_place_of_another(world: World, kind: str, place: str) -> None:
    before = world.state()
    PLACES[place](world, world.tokens[kind])
    assert world.state() == before
    assert world.erika.browser.session()["state"] == "active"
    assert world.locked.session()["state"] == "locked"


def test_a_locked_session_is_no_session(world: World) -> None:
    before, window = world.state(), world.locked
    for proof in (page_token(window), world.tokens["page"]):
        for path in (ACCOUNT, "/confirm", "/account/sessions", "/plugins/twofactor/setup/begin"):
            form = {"page_token": proof, "password": PASSWORD, "code": world.code(), "all": "1"}
            assert window.send("POST", path, data=form).headers["location"] == "/login"
    assert window.send("GET", ACCOUNT).headers["location"].startswith("/login")
    assert window.session()["state"] == "locked"
    assert world.state() == before


@pytest.mark.parametrize("kind", sorted(LINKS))
def test_a_mailed_link_signs_nobody_in(world: World, kind: str) -> None:
    browser, _ = visiting(world)
    browser.get(LINKS[kind] + world.tokens[kind])
    assert (browser.session()["state"], "ccm_session" in browser.cookies) == ("none", False)


def test_in_its_own_place_each_token_is_good(world: World) -> None:
    """Else the refusals above would prove nothing. Runs last: it uses them up."""
    signed_in = world.erika.browser
    for kind, start in LINKS.items():
        answer = signed_in.send("GET", start + world.tokens[kind])
        assert answer.status_code == 200, kind
    form = {"page_token": world.tokens["page"], "first_name": "E", "last_name": "", "company": "", "language": ""}
    assert signed_in.send("POST", ACCOUNT, data=form).status_code == 303
    half, own = visiting(world, ccm_login=world.tokens["pending"])
    answer = half.send("POST", CHALLENGE, data={"page_token": own, "code": world.code(), "factor": "twofactor"})
    assert (answer.headers["location"], half.session()["state"]) == ("/", "active")
    assert world.locked.unlock(PASSWORD).status_code == 200
