# SPDX-License-Identifier: MIT
"""The model: when a session may exist, when a code is asked, and whether a second factor is set up.

Each method is one act. It says in a sentence what follows from it, and returns what the person should see. The state
machine does the same to the product and compares.
"""

from __future__ import annotations

from tests.model.world import (
    FREE,
    GRACE,
    LINK,
    RECENT,
    SETUP,
    Browser,
    Code,
    Factor,
    Link,
    Person,
    Seen,
    Session,
    Setup,
    State,
    World,
)


class Model(World):
    """One instance, and all that may be done to it."""

    def sign_in(self, browser: Browser, person: Person, password: str) -> Seen:
        """The right password ends what the browser holds; it opens a session only if no code is asked."""
        self.look(browser)
        if refused := self._guess(person, password):
            return refused
        person.passwords.clear()
        self.close(browser)
        self.back(browser)
        if not self.asks(person):
            self.open(browser, person, None)
            return Seen.DONE
        self.wait_for_code(browser, person)
        return Seen.CODE

    def answer(self, browser: Browser, typed: str) -> Seen:
        """After the right password, within five minutes and five codes, the right code opens a session."""
        self.look(browser)
        pending = browser.pending
        if pending is None or not self.waits(pending):
            return Seen.LOG_IN
        seen = self._prove(pending.person, typed)
        if seen is Seen.WAIT:
            return seen
        pending.tries += 1
        if seen is Seen.DONE:
            self.close(browser)
            self.open(browser, pending.person, pending.person.factor)
        if seen is Seen.DONE or pending.tries >= FREE:
            pending.over, browser.pending = True, None
        return seen

    def back(self, browser: Browser) -> None:
        """«Back» gives the right password up."""
        self.look(browser)
        if browser.pending is not None:
            browser.pending.over, browser.pending = True, None

    def log_out(self, browser: Browser, *, from_page: bool) -> Seen:
        """Logging out ends what the browser holds: its session, whether or not it counts, and a right password.

        ``from_page``: on a page of the session, which says nothing of a right password that was given since.
        """
        if from_page and browser.pending is not None and self.state(browser.session) is State.NONE:
            return Seen.REFUSED
        if browser.pending is not None:
            browser.pending.over, browser.pending = True, None
        self.close(browser)
        return Seen.LOG_IN

    def unlock(self, browser: Browser, password: str, *, page: bool, same_agent: bool) -> Seen:
        """A locked session goes on after the password alone, in the browser and the page in which it was open.

        Not so if a plugin was switched on or off since it began. The fifth refusal ends it; each counts as a guess.
        """
        session, state = browser.session, self.state(browser.session)
        if session is None or state is State.NONE:
            return Seen.REFUSED
        if state is State.ACTIVE and page:
            return Seen.DONE  # another window of the browser was faster
        person = session.person
        if not person.passwords.may(self.now):
            return Seen.WAIT
        person.passwords.guess(self.now)
        unchanged = session.generation == self.generation
        if password == person.password and page and same_agent and unchanged and state is State.LOCKED:
            person.passwords.clear()
            self.renew(session)
            return Seen.DONE
        session.refusals += 1
        session.over = session.over or session.refusals >= FREE
        return Seen.REFUSED

    def visit(self, browser: Browser) -> Seen:
        """The account page opens in an active session."""
        return Seen.DONE if self.look(browser) else Seen.LOG_IN

    def _guess(self, person: Person, password: str) -> Seen | None:
        """Count an attempt at a password; None: it is right."""
        if not person.passwords.may(self.now):
            return Seen.WAIT
        person.passwords.guess(self.now)
        return None if password == person.password else Seen.REFUSED

    def confirm(self, browser: Browser, password: str, typed: str, *, before_code: bool) -> Seen:
        """Password and, if a login asks for one, a code make the login recent.

        ``before_code``: the password is enough before a page that asks for a code itself, and counts only there.
        """
        session = self.look(browser)
        if session is None:
            return Seen.LOG_IN
        person = session.person
        if refused := self._guess(person, password):
            return refused
        asks = self.asks(person)
        if asks and not before_code:
            seen = self._prove(person, typed)
            if seen is Seen.WAIT:
                return seen
            person.passwords.clear()
            if seen is Seen.REFUSED:
                return seen
            session.proved = person.factor
        person.passwords.clear()
        self.renew(session)
        session.password = self.now
        if not (asks and before_code):
            session.recent = self.now
        return Seen.DONE

    def change_password(self, browser: Browser, current: str, new: str) -> Seen:
        """The own password needs a recent login and the current one; everything else of the person ends."""
        session = self.look(browser)
        if session is None or self.now >= session.recent + RECENT:
            return Seen.CONFIRM if session else Seen.LOG_IN
        person = session.person
        if refused := self._guess(person, current):
            return refused
        person.passwords.clear()
        person.password = new
        self.end_logins(person, keep=session)
        self.renew(session)
        return Seen.DONE

    def begin(self, browser: Browser, code: Code) -> Seen:
        """Who may use the plugin and has no second factor can begin a set-up, soon after a login or a confirmation."""
        session = self.look(browser)
        before = self._before_plugin_page(session)
        if session is None or before is not None:
            return before or Seen.LOG_IN
        person = session.person
        if person.factor is not None:
            return Seen.REFUSED
        person.setup = Setup(session, Factor(code), self.now + SETUP)
        return Seen.DONE

    def finish(self, browser: Browser, typed: str) -> Seen:
        """A code of the new phone binds it, in the session that began; everything else of the person ends."""
        session = self.look(browser)
        if session is None or not self.visible(session.person):
            return Seen.MISSING if session else Seen.LOG_IN
        person, setup = session.person, session.person.setup
        if setup is None or setup.session is not session or self.now >= setup.until:
            return Seen.REFUSED
        setup.tries += 1
        if not setup.factor.take(typed, self.now):
            person.setup = None if setup.tries >= FREE else setup
            return Seen.REFUSED
        person.factor, person.setup = setup.factor, None
        self.end_logins(person, keep=session)
        self.renew(session)
        session.proved = person.factor
        return Seen.DONE

    def disable(self, browser: Browser, typed: str) -> Seen:
        """A code unbinds the phone, soon after the password was given; everything else of the person ends."""
        session = self.look(browser)
        before = self._before_plugin_page(session)
        if session is None or before is not None:
            return before or Seen.LOG_IN
        person = session.person
        seen = self._prove(person, typed) if person.factor else Seen.REFUSED
        if seen is Seen.DONE:
            person.factor, session.proved = None, None
            self.end_logins(person, keep=session)
            self.renew(session)
        return seen

    def ask_for_link(self, person: Person) -> Link:
        """A mailed link works for an hour; the newest only."""
        person.link = Link(person, self.now + LINK)
        return person.link

    def complete(self, link: Link, password: str) -> Seen:
        """The link sets a new password and removes the second factor; every login is over, and nobody is signed in."""
        person = link.person
        if person.link is not link or self.now >= link.until:
            return Seen.MISSING
        person.password = password
        self._remove_factor(person)
        person.codes.clear()
        return Seen.DONE

    def reset_factor(self, person: Person) -> None:
        """An administrator removes the second factor; every login is over."""
        self._remove_factor(person)
        person.codes.clear()

    def revoke(self, person: Person) -> None:
        """An administrator withdraws the plugin from a user, with the second factor; every login is over."""
        self._remove_factor(person)
        person.allowed = False

    def shut_out(self, person: Person) -> None:
        """An administrator disables an account, and enables it again: every login is over."""
        self.end_logins(person)

    def switch(self, *, on: bool) -> None:
        """The plugin is switched on or off. Second factors stay and count again; nothing locked goes on."""
        self.generation += on is not self.active
        self.active = on

    def replay(self, session: Session, replaced_at: float | None) -> State:
        """An old session cookie opens nothing. One that was replaced more than ten seconds ago is a stolen copy.

        It then ends the session that took it over.
        """
        if replaced_at is None:
            return self.state(session)
        session.over = session.over or self.now > replaced_at + GRACE
        return State.NONE

    def _prove(self, person: Person, typed: str) -> Seen:
        """A code is counted before it is looked at, whatever it is for."""
        if not person.codes.may(self.now):
            return Seen.WAIT
        person.codes.guess(self.now)
        if person.factor is None or not person.factor.take(typed, self.now):
            return Seen.REFUSED
        person.codes.clear()
        return Seen.DONE

    def _before_plugin_page(self, session: Session | None) -> Seen | None:
        """Pages that show or remove a secret need a recent login; where they ask for a code, a recent password."""
        if session is None:
            return Seen.LOG_IN
        if not self.visible(session.person):
            return Seen.MISSING
        latest = max(session.recent, session.password) if self.asks(session.person) else session.recent
        return None if self.now < latest + RECENT else Seen.CONFIRM

    def _remove_factor(self, person: Person) -> None:
        person.factor, person.setup = None, None
        self.end_logins(person)
