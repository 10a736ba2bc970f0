# SPDX-License-Identifier: MIT
"""The model's things, and what follows from their state: how a session stands, and when a code is asked.

It knows nothing of the product. What people do to it is in ``rules.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

PERIOD = 30
IDLE, LONGEST, NOTED = 1800, 43200, 60
LOGIN, SETUP, LINK, RECENT = 300, 600, 3600, 900
GRACE = 10
FREE, LONGEST_WAIT, DAY = 5, 900, 86400

Code = Callable[[int], str]
"""A phone: the code that it shows in a time step."""


class State(Enum):
    """How the session stands that a browser holds."""

    ACTIVE = "active"
    LOCKED = "locked"
    NONE = "none"


class Seen(Enum):
    """What a person sees of an act."""

    DONE = "it worked"
    CODE = "a code is asked"
    REFUSED = "it was refused"
    WAIT = "too many attempts"
    LOG_IN = "the login page"
    CONFIRM = "the confirmation"
    MISSING = "there is no such page"


@dataclass
class Guesses:
    """Every guess counts, and a right one clears them. From the fifth on one must wait, each time twice as long."""

    first_wait: int
    life: float = math.inf
    count: int = 0
    last: float = -math.inf
    again: float = 0

    def may(self, now: float) -> bool:
        return now >= self.again

    def guess(self, now: float) -> None:
        self.count = self.count + 1 if now < self.last + self.life else 1
        self.last = now
        wait = min(self.first_wait * 2 ** (self.count - FREE), LONGEST_WAIT) if self.count >= FREE else 0
        self.again = now + wait if wait else 0

    def clear(self) -> None:
        self.count, self.again = 0, 0


@dataclass(eq=False)
class Factor:
    """A phone that is bound to an account, and the latest time step whose code was taken."""

    code: Code
    used: int = -1

    def take(self, typed: str, now: float) -> bool:
        """A code counts if the phone shows it now, one step ago or one step ahead, later than any that was taken."""
        step = int(now // PERIOD)
        fitting = [one for one in (step - 1, step, step + 1) if self.code(one) == typed and one > self.used]
        self.used = max(fitting, default=self.used)
        return bool(fitting)


@dataclass(eq=False)
class Setup:
    """A phone that is about to be bound: by one session, for ten minutes, with five tries."""

    session: Session
    factor: Factor
    until: float
    tries: int = 0


@dataclass(eq=False)
class Person:
    """A user. ``allowed``: may set up a second factor; ``link``: the only mailed link that still works."""

    name: str
    password: str
    allowed: bool = True
    factor: Factor | None = None
    setup: Setup | None = None
    link: Link | None = None
    passwords: Guesses = field(default_factory=lambda: Guesses(1, DAY))
    codes: Guesses = field(default_factory=lambda: Guesses(PERIOD))


@dataclass(eq=False)
class Link:
    """A mailed link to a new password."""

    person: Person
    until: float


@dataclass(eq=False)
class Session:
    """What a browser may do. ``proved``: the second factor that was passed for it."""

    person: Person
    proved: Factor | None
    generation: int
    since: float
    seen: float
    recent: float
    password: float
    refusals: int = 0
    over: bool = False


@dataclass(eq=False)
class Pending:
    """A right password that waits for a code. It opens nothing."""

    person: Person
    until: float
    tries: int = 0
    over: bool = False


@dataclass(eq=False)
class Browser:
    """What one browser holds."""

    session: Session | None = None
    pending: Pending | None = None


@dataclass
class World:
    """One instance: whether the plugin is active, how often that changed, its people, every session there was."""

    people: dict[str, Person]
    browsers: list[Browser]
    now: float
    active: bool = True
    generation: int = 0
    sessions: list[Session] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)

    def asks(self, person: Person) -> bool:
        """A login asks for a code if the person has a second factor and its plugin is active: nothing else counts."""
        return self.active and person.factor is not None

    def waits(self, pending: Pending | None) -> bool:
        """A right password waits five minutes for the code that is asked."""
        return pending is not None and not pending.over and self.now < pending.until and self.asks(pending.person)

    def state(self, session: Session | None) -> State:
        """A session counts for twelve hours, and while it proved what a login asks for; left alone it locks."""
        if session is None or session.over or self.now >= session.since + LONGEST:
            return State.NONE
        if self.asks(session.person) and session.proved is not session.person.factor:
            return State.NONE
        return State.LOCKED if self.now >= session.seen + IDLE else State.ACTIVE

    def open_sessions(self, person: Person) -> int:
        """Sessions that nothing has ended, whether or not they count at present."""
        mine = (one for one in self.sessions if one.person is person and not one.over)
        return sum(self.now < one.since + LONGEST for one in mine)

    def open(self, browser: Browser, person: Person, proved: Factor | None) -> None:
        browser.session = Session(person, proved, self.generation, self.now, self.now, self.now, self.now)
        self.sessions.append(browser.session)

    def wait_for_code(self, browser: Browser, person: Person) -> None:
        browser.pending = Pending(person, self.now + LOGIN)
        self.pending.append(browser.pending)

    def close(self, browser: Browser) -> None:
        if browser.session is not None:
            browser.session.over = True
        browser.session = None

    def renew(self, session: Session) -> None:
        session.seen, session.refusals = self.now, 0

    def look(self, browser: Browser) -> Session | None:
        """Only an active session opens pages; being used, noted once a minute, it locks later."""
        session = browser.session
        if session is None or self.state(session) is not State.ACTIVE:
            return None
        if self.now >= session.seen + NOTED:
            session.seen = self.now
        return session

    def visible(self, person: Person) -> bool:
        """The plugin's pages exist for those who may use it and those who do, while it is active."""
        return self.active and (person.allowed or person.factor is not None)

    def end_logins(self, person: Person, keep: Session | None = None) -> None:
        """What a login needs has changed: whatever began before is over, but for the session that made the change."""
        for session in self.sessions:
            session.over = session.over or (session.person is person and session is not keep)
        for pending in self.pending:
            pending.over = pending.over or pending.person is person
        person.link = None
