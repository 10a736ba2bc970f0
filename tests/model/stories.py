# SPDX-License-Identifier: MIT
"""The state machine: what people and administrators may do, done to the product and to the model."""

from __future__ import annotations

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.deployment import PLUGIN, code
from tests.model.stage import MOSTLY, Stage, password_of
from tests.model.world import Browser, Seen, State

MOST_LINKS = 3
"""Of which there is a mail, per user and hour."""

NUMBERS = st.integers(0, 2)
WORKERS = st.integers(0, 1)
NAMES = st.sampled_from(["erika", "anna"])
CODES = st.sampled_from(["shown", "shown", "shown", "previous", "next", "older", "used", "wrong"])
PAGES = st.sampled_from(["own", "own", "own", "no", "another browser's", "the login"])
SECONDS = st.sampled_from([1, 11, 29, 30, 60, 299, 300, 600, 900, 1799, 1800, 1800, 1800, 3600, 43199, 43200])


def has_session(browser: Browser) -> bool:
    return browser.session is not None


def has_pending(browser: Browser) -> bool:
    return browser.pending is not None


def has_anything(browser: Browser) -> bool:
    return has_session(browser) or has_pending(browser)


def has_setup(browser: Browser) -> bool:
    return browser.session is not None and browser.session.person.setup is not None


class Stories(Stage):
    """Two people, three browsers, two workers; administrators use the console."""

    @rule(number=NUMBERS, worker=WORKERS, name=NAMES, right=MOSTLY)
    def sign_in(self, number: int, worker: int, name: str, right: bool) -> None:
        hands, browser = self.sit_down(number, worker)
        person = self.model.people[name]
        password = password_of(person, right=right)
        self.same("sign in", hands.sign_in(name, password), self.model.sign_in(browser, person, password))

    @precondition(lambda self: self.some(has_pending))
    @rule(number=NUMBERS, worker=WORKERS, kind=CODES)
    def answer(self, number: int, worker: int, kind: str) -> None:
        hands, browser = self.sit_down(number, worker, has_pending)
        assert browser.pending
        typed = self.typed(kind, browser.pending.person.factor)
        self.same(f"{kind} code", hands.answer(typed), self.model.answer(browser, typed))

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
    @rule(number=NUMBERS, worker=WORKERS, right=MOSTLY, page=PAGES, same_agent=MOSTLY)
    def unlock(self, number: int, worker: int, right: bool, page: str, same_agent: bool) -> None:
        hands, browser = self.sit_down(number, worker, self.is_locked, has_session)
        assert browser.session
        before = self.model.state(browser.session)
        token = {"own": hands.page, "another browser's": self.hands[number - 1].page}.get(page, "")
        if page == "the login":
            token = hands.login_token()
            self.model.visit(browser)
        password = password_of(browser.session.person, right=right)
        own = page == "own" or token == hands.page or (page == "the login" and before is State.ACTIVE)
        seen = hands.unlock(password, token, same_agent=same_agent)
        what = f"unlock the {before.value} session with {page} page" + ("" if right and same_agent else ", wrongly")
        self.same(what, seen, self.model.unlock(browser, password, page=own, same_agent=same_agent))

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
    @rule(number=NUMBERS, worker=WORKERS)
    def begin(self, number: int, worker: int) -> None:
        hands, browser = self.sit_down(number, worker, self.may_begin, self.is_active, has_session)
        seen, secret = hands.begin()
        self.same("begin", seen, self.model.begin(browser, partial(code, secret)))

    @precondition(lambda self: self.some(has_setup))
    @rule(number=NUMBERS, worker=WORKERS, kind=CODES)
    def finish(self, number: int, worker: int, kind: str) -> None:
        hands, browser = self.sit_down(number, worker, self.may_finish, has_setup)
        assert browser.session
        setup = browser.session.person.setup
        typed = self.typed(kind, setup.factor if setup else None)
        self.same("finish", hands.finish(typed), self.model.finish(browser, typed))

    @precondition(lambda self: self.some(has_session))
    @rule(number=NUMBERS, worker=WORKERS, kind=CODES)
    def disable(self, number: int, worker: int, kind: str) -> None:
        hands, browser = self.sit_down(number, worker, self.may_disable, has_session)
        assert browser.session
        typed = self.typed(kind, browser.session.person.factor)
        self.same("disable", hands.disable(typed), self.model.disable(browser, typed))

    @rule(number=NUMBERS, worker=WORKERS, name=NAMES)
    def ask_for_link(self, number: int, worker: int, name: str) -> None:
        person = self.model.people[name]
        if sum(link.person is person for _, link in self.links) >= MOST_LINKS:
            return
        hands, browser = self.sit_down(number, worker)
        hands.ask_for_link(name)
        self.model.visit(browser)
        self.links.append((self.deployment.mailed_path(self.tenant), self.model.ask_for_link(person)))

    @precondition(lambda self: self.links)
    @rule(number=NUMBERS, worker=WORKERS, which=st.integers(0, 5), same_password=st.booleans())
    def complete(self, number: int, worker: int, which: int, same_password: bool) -> None:
        hands, browser = self.sit_down(number, worker)
        path, link = self.links[-1 - which % len(self.links)]
        had, password = link.person.factor is not None, password_of(link.person, right=same_password)
        seen = hands.complete(path, password)
        self.model.visit(browser)
        self.same("complete" + (" with a factor" if had else ""), seen, self.model.complete(link, password))

    @rule(name=NAMES)
    def reset_factor(self, name: str) -> None:
        self.reached.add("reset a factor" if self.model.people[name].factor else "reset no factor")
        self.console.users.reset_factor(*self.at_console(name))
        self.model.reset_factor(self.model.people[name])

    @precondition(lambda self: self.model.active)
    @rule(name=NAMES)
    def revoke(self, name: str) -> None:
        self.reached.add("revoke a factor" if self.model.people[name].factor else "revoke without a factor")
        instance, user, now, actor = self.at_console(name)
        self.console.access.revoke(instance, PLUGIN, user, now, actor)
        self.model.revoke(self.model.people[name])

    @precondition(lambda self: self.model.active and not all(one.allowed for one in self.model.people.values()))
    @rule(name=NAMES)
    def allow(self, name: str) -> None:
        instance, user, now, actor = self.at_console(name)
        self.console.access.allow(instance, PLUGIN, now, actor, user)
        self.model.people[name].allowed = True

    @rule()
    def switch(self) -> None:
        on = not self.model.active
        act = self.console.plugins.activate if on else self.console.plugins.deactivate
        instance, _, now, actor = self.at_console("erika")
        act(instance, PLUGIN, now, actor)
        self.model.switch(on=on)
        self.reached.add("activate" if on else "deactivate")

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
