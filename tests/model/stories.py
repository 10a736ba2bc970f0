# SPDX-License-Identifier: MIT
"""The state machine: what people and administrators may do, done to the product and to the model."""

from __future__ import annotations

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.deployment import PLUGIN, code
from tests.model.stage import CONSOLE, MOSTLY, Stage, password_of
from tests.model.world import IDLE, Browser, Person, State

MOST_LINKS = 4
"""Two of them are there from the beginning, one for each; the fourth of one person in an hour would not be mailed."""

NUMBERS = st.integers(0, 2)
WORKERS = st.integers(0, 1)
SELDOM = st.sampled_from([False, False, True])
NAMES = st.sampled_from(["erika", "anna"])
CODES = st.sampled_from(["shown", "shown", "shown", "previous", "next", "older", "used", "wrong"])
PAGES = st.sampled_from(["own", "own", "own", "no", "another browser's", "the login"])
SECONDS = st.sampled_from([30, 1, 11, 29, 30, 60, 299, 300, 600, 900, 1799, 1800, 1800, 1800, 3600, 43199, 43200])


def has_session(browser: Browser) -> bool:
    return browser.session is not None


def has_pending(browser: Browser) -> bool:
    return browser.pending is not None


def has_anything(browser: Browser) -> bool:
    return has_session(browser) or has_pending(browser)


def is_enrolled(browser: Browser) -> bool:
    return browser.session is not None and browser.session.person.factor is not None


def has_setup(browser: Browser) -> bool:
    return browser.session is not None and browser.session.person.setup is not None


def standing(person: Person) -> str:
    return "an enrolled" if person.factor else "a"


class Stories(Stage):
    """Two people, three browsers, two workers; administrators use the console."""

    @rule(number=NUMBERS, worker=WORKERS, name=NAMES, right=MOSTLY)
    def sign_in(self, number: int, worker: int, name: str, right: bool) -> None:
        hands, browser = self.sit_down(number, worker)
        person = self.model.people[name]
        password = password_of(person, right=right)
        self.same("sign in", hands.sign_in(name, password), self.model.sign_in(browser, person, password))

    @precondition(lambda self: self.some(has_pending) or self.asked())
    @rule(number=NUMBERS, worker=WORKERS, name=NAMES, kind=CODES, eager=MOSTLY)
    def answer(self, number: int, worker: int, name: str, kind: str, eager: bool) -> None:
        """With a code dialog open somewhere; if none is, somebody takes the first step now."""
        asked = self.asked()
        if asked and not self.some(self.is_asked if eager else has_pending):
            self.sign_in(number, worker, name if name in asked else asked[0], right=True)
        hands, browser = self.sit_down(number, worker, *([self.is_asked] if eager else []), has_pending)
        typed = self.typed(kind, browser.pending.person.factor if browser.pending else None)
        self.same(f"answer with the {kind} code", hands.answer(typed), self.model.answer(browser, typed))

    @precondition(lambda self: self.some(has_pending))
    @rule(number=NUMBERS, worker=WORKERS)
    def back(self, number: int, worker: int) -> None:
        hands, browser = self.sit_down(number, worker, has_pending)
        hands.back()
        self.model.back(browser)
        self.reached.add("back")

    @precondition(lambda self: self.some(has_anything))
    @rule(number=NUMBERS, worker=WORKERS, from_page=st.booleans())
    def log_out(self, number: int, worker: int, from_page: bool) -> None:
        hands, browser = self.sit_down(number, worker, has_anything)
        what = f"log out of the {self.model.state(browser.session).value} session"
        seen = hands.log_out(from_page=from_page)
        self.same(what, seen, self.model.log_out(browser, from_page=from_page))

    @precondition(lambda self: self.some(has_session))
    @rule(number=NUMBERS, worker=WORKERS, right=MOSTLY, page=PAGES, same_agent=MOSTLY, patient=MOSTLY)
    def unlock(self, number: int, worker: int, right: bool, page: str, same_agent: bool, patient: bool) -> None:
        """Of a session that went idle; if there is none, one is left alone first."""
        if patient and self.some(self.is_active) and not self.some(self.is_locked):
            self.wait(IDLE)
        hands, browser = self.sit_down(number, worker, self.is_locked, has_session)
        assert browser.session
        before = self.model.state(browser.session)
        token = {"own": hands.page, "another browser's": self.hands[number - 1].page}.get(page, "")
        if page == "the login":
            token = hands.login_token()
            self.model.visit(browser)
        own = token == hands.page or (page == "the login" and before is State.ACTIVE)
        password = password_of(browser.session.person, right=right)
        seen = hands.unlock(password, token, same_agent=same_agent)
        expected = self.model.unlock(browser, password, page=own, same_agent=same_agent)
        wrong = "" if right and same_agent else ", wrongly"
        self.same(f"unlock the {before.value} session with {page} page{wrong}", seen, expected)

    @precondition(lambda self: self.some(has_session))
    @rule(number=NUMBERS, worker=WORKERS)
    def visit(self, number: int, worker: int) -> None:
        hands, browser = self.sit_down(number, worker, has_session)
        self.same("visit", hands.visit(), self.model.visit(browser))

    @precondition(lambda self: self.some(has_session))
    @rule(number=NUMBERS, worker=WORKERS, right=MOSTLY, kind=CODES, before_code=st.booleans())
    def confirm(self, number: int, worker: int, right: bool, kind: str, before_code: bool) -> None:
        hands, browser = self.sit_down(number, worker, self.is_active, has_session)
        assert browser.session
        person = browser.session.person
        password, typed = password_of(person, right=right), self.typed(kind, person.factor)
        seen = hands.confirm(password, typed, before_code=before_code)
        self.same("confirm", seen, self.model.confirm(browser, password, typed, before_code=before_code))

    @precondition(lambda self: self.some(has_session))
    @rule(number=NUMBERS, worker=WORKERS, right=MOSTLY)
    def change_password(self, number: int, worker: int, right: bool) -> None:
        hands, browser = self.sit_down(number, worker, self.is_active, has_session)
        assert browser.session
        person = browser.session.person
        current, new = password_of(person, right=right), password_of(person, right=False)
        seen = hands.change_password(current, new)
        self.same("change the password", seen, self.model.change_password(browser, current, new))

    @precondition(lambda self: self.some(has_session))
    @rule(number=NUMBERS, worker=WORKERS)
    def begin(self, number: int, worker: int) -> None:
        hands, browser = self.sit_down(number, worker, self.may_begin, self.is_active, has_session)
        seen, secret = hands.begin()
        self.same("begin a set-up", seen, self.model.begin(browser, partial(code, secret)))

    @precondition(lambda self: self.some(has_session))
    @rule(number=NUMBERS, worker=WORKERS, kind=CODES)
    def finish(self, number: int, worker: int, kind: str) -> None:
        """A set-up that was begun; if none was, it is now."""
        if not self.some(has_setup):
            self.begin(number, worker)
        hands, browser = self.sit_down(number, worker, self.may_finish, has_setup, self.is_active, has_session)
        setup = browser.session.person.setup if browser.session else None
        typed = self.typed(kind, setup.factor if setup else None)
        self.same(f"finish a set-up with the {kind} code", hands.finish(typed), self.model.finish(browser, typed))

    @precondition(lambda self: self.some(is_enrolled))
    @rule(number=NUMBERS, worker=WORKERS, kind=CODES)
    def disable(self, number: int, worker: int, kind: str) -> None:
        hands, browser = self.sit_down(number, worker, self.may_disable, is_enrolled)
        assert browser.session
        typed = self.typed(kind, browser.session.person.factor)
        self.same(f"disable with the {kind} code", hands.disable(typed), self.model.disable(browser, typed))

    @precondition(lambda self: len(self.links) < MOST_LINKS)
    @rule(number=NUMBERS, worker=WORKERS, name=NAMES)
    def ask_for_link(self, number: int, worker: int, name: str) -> None:
        hands, browser = self.sit_down(number, worker)
        hands.ask_for_link(name)
        self.model.visit(browser)
        self.links.append((self.deployment.mailed_path(self.tenant), self.model.ask_for_link(self.model.people[name])))

    @rule(number=NUMBERS, worker=WORKERS, name=NAMES, again=SELDOM, which=NUMBERS, same_password=st.booleans())
    def complete(self, number: int, worker: int, name: str, again: bool, which: int, same_password: bool) -> None:
        """With a link that was mailed, the newest or an older one; ``again``: another one is asked for before."""
        person = self.model.people[name]
        if again and len(self.links) < MOST_LINKS:
            self.ask_for_link(number, worker, name)
        hands, browser = self.sit_down(number, worker)
        links = [one for one in self.links if one[1].person is person]
        path, link = links[-1 - which % len(links)]
        what = f"complete a link of {standing(person)} user"
        password = password_of(person, right=same_password)
        seen = hands.complete(path, password)
        self.model.visit(browser)
        self.same(what, seen, self.model.complete(link, password))

    @rule(act=st.sampled_from(["allow", "revoke", "reset factor", "shut out"]), name=NAMES, worker=WORKERS)
    def administer(self, act: str, name: str, worker: int) -> None:
        """An administrator acts on a user; the worker is the next that is asked."""
        person, user = self.model.people[name], self.tenant.users[name].id
        instance, now, self.worker = self.instance(), self.model.now, 1 - worker
        self.reached.add(f"{act} of {standing(person)} user")
        if act == "reset factor":
            self.console.users.reset_factor(instance, user, now, CONSOLE)
            self.model.reset_factor(person)
        elif act == "shut out":
            for disabled in (True, False):
                self.console.users.set_disabled(instance, user, now, CONSOLE, disabled=disabled)
            self.model.shut_out(person)
        elif self.model.active and act == "revoke":
            self.console.access.revoke(instance, PLUGIN, user, now, CONSOLE)
            self.model.revoke(person)
        elif self.model.active:
            self.console.access.allow(instance, PLUGIN, now, CONSOLE, user)
            person.allowed = True

    @rule(on=MOSTLY, worker=WORKERS)
    def switch(self, on: bool, worker: int) -> None:
        """An administrator activates the plugin, which changes nothing if it is active, or deactivates it."""
        self.worker = 1 - worker
        if on:
            self.console.plugins.activate(self.instance(), PLUGIN, self.model.now, CONSOLE)
        elif self.model.active:
            self.console.plugins.deactivate(self.instance(), PLUGIN, self.model.now, CONSOLE)
        self.reached.add(f"the plugin is switched {'on' if on else 'off'}, was {'on' if self.model.active else 'off'}")
        self.model.switch(on=on)

    @rule(seconds=SECONDS)
    def wait(self, seconds: int) -> None:
        self.model.now += seconds
        self.deployment.clock.now = self.model.now

    @precondition(lambda self: self.old)
    @rule(which=st.integers(0, 7), worker=WORKERS)
    def replay(self, which: int, worker: int) -> None:
        """Somebody uses a cookie that a browser held once."""
        old = self.old[-1 - which % len(self.old)]
        state = self.somebody_with(old.cookie, worker).state()[0]
        known = "given up" if old.replaced_at is None else "replaced"
        self.same(f"replay a cookie that was {known}", state, self.model.replay(old.session, old.replaced_at))
