# SPDX-License-Identifier: MIT
"""Where the stories are set: an instance, two people, three browsers, two workers; and what each act is compared by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from ccm_core.services.instances import Instance
from ccm_core.services.user_admin import Actor
from ccm_core.testing.clock import START
from tests.model.deployment import PASSWORDS, Deployment, code
from tests.model.hands import Hands
from tests.model.rules import Model
from tests.model.world import PERIOD, Browser, Factor, Person, Seen, Session, State

SECRETS = {"erika": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "anna": "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"}
CONSOLE = Actor()
MOSTLY = st.sampled_from([True, True, True, False])

Wish = Callable[[Browser], bool]


@dataclass(frozen=True)
class Old:
    """A session cookie that a browser held: replaced in a session that went on, or given up together with it."""

    cookie: str
    session: Session
    replaced_at: float | None


class Stage(RuleBasedStateMachine):
    """Sets the stage and compares. ``tally`` counts in how many stories something was reached."""

    def __init__(self, deployment: Deployment, tally: Counter[str]) -> None:
        super().__init__()
        self.deployment, self.tally = deployment, tally
        self.console = deployment.console
        self.reached: set[str] = set()
        self.old: list[Old] = []
        self.worker = 0
        self.acting: Hands | None = None

    @initialize(
        active=MOSTLY,
        enrolled=st.sampled_from([("erika",), ("erika", "anna"), ()]),
        browsers=st.tuples(*[st.sampled_from(["erika", "anna", "erika, at the code", "nobody"])] * 3),
    )
    def set(self, active: bool, enrolled: tuple[str, ...], browsers: tuple[str, ...]) -> None:
        deployment, people = self.deployment, {name: Person(name, PASSWORDS[0]) for name in SECRETS}
        deployment.clock.now = START
        self.tenant = deployment.tenant(people, active=active)
        self.rows = {name: deployment.enrol(self.tenant, name, SECRETS[name]) for name in enrolled}
        for name in enrolled:
            people[name].factor = Factor(partial(code, SECRETS[name]))
        self.model = Model(people, [Browser() for _ in browsers], START, active=active)
        self.links = [(deployment.link(self.tenant, one.name), self.model.ask_for_link(one)) for one in people.values()]
        self.hands = [Hands(deployment.browser(self.tenant)) for _ in browsers]
        for (hands, browser), who in zip(self.seats(), browsers, strict=True):
            self.seat(hands, browser, who)
        self.held = [(hands.cookie, browser.session) for hands, browser in self.seats()]

    def seat(self, hands: Hands, browser: Browser, who: str) -> None:
        """Let a browser hold what somebody has who just logged in, or just gave the password."""
        name, _, at_code = who.partition(", ")
        person = self.model.people.get(name)
        if person is None or (at_code and not self.model.asks(person)):
            return
        cookies, tenant = hands.browser.cookies, self.tenant
        if at_code:
            cookies["ccm_login"] = self.deployment.at_code(tenant, name)
            self.model.wait_for_code(browser, person)
        else:
            passed = self.model.asks(person)
            cookies["ccm_session"] = self.deployment.signed_in(tenant, name, self.rows[name] if passed else None)
            self.model.open(browser, person, person.factor if passed else None)
            hands.open_page()

    @invariant()
    def agrees(self) -> None:
        """After each act, as the other worker sees it: every browser's session and account page, and the ledger."""
        self.worker = 1 - self.worker
        for number, (hands, browser) in enumerate(self.seats()):
            self.keep_cookie(number, hands, browser)
            state = self.model.state(browser.session)
            self.reached.add(f"a session is {state.value}")
            if not {"ccm_session", "ccm_login"} & set(hands.browser.cookies):
                assert state is State.NONE
                continue
            hands.at(self.deployment.workers[self.worker])
            name = browser.session.person.name if browser.session and state is not State.NONE else None
            assert hands.state() == (state, name)
            if state is not State.ACTIVE or hands is self.acting:  # others of which nobody doubts it cost too much
                assert hands.opens_account() == (state is State.ACTIVE)
        for person in self.model.people.values():
            user = self.tenant.users[person.name]
            rows = self.console.factors.ledger.confirmed(user.id)
            assert [row.counter for row in rows] == ([person.factor.used] if person.factor else [])
            assert self.deployment.sessions_of(user) == self.model.open_sessions(person)

    def teardown(self) -> None:
        self.deployment.forget_mails(self.tenant)
        self.tally.update([*self.reached, "stories"])

    def same(self, act: str, product: Seen | State, model: Seen | State) -> None:
        """Compare what was seen of an act."""
        assert product is model
        self.reached.add(f"{act}: {model.value}")

    def seats(self) -> list[tuple[Hands, Browser]]:
        return list(zip(self.hands, self.model.browsers, strict=True))

    def some(self, wish: Wish) -> bool:
        return any(wish(browser) for browser in self.model.browsers)

    def sit_down(self, number: int, worker: int, *wishes: Wish) -> tuple[Hands, Browser]:
        """Choose among the browsers of which the first wish that any of them fulfils is true."""
        seats = self.seats()
        for wish in wishes:
            if self.some(wish):
                seats = [seat for seat in seats if wish(seat[1])]
                break
        hands, browser = seats[number % len(seats)]
        self.worker, self.acting = worker, hands
        return hands.at(self.deployment.workers[worker]), browser

    def is_active(self, browser: Browser) -> bool:
        return self.model.state(browser.session) is State.ACTIVE

    def asked(self) -> list[str]:
        """Return whom a login asks for a code at present."""
        return [name for name, person in self.model.people.items() if self.model.asks(person)]

    def is_asked(self, browser: Browser) -> bool:
        return self.model.waits(browser.pending)

    def is_locked(self, browser: Browser) -> bool:
        return self.model.state(browser.session) is State.LOCKED

    def may_begin(self, browser: Browser) -> bool:
        person = browser.session.person if browser.session and self.is_active(browser) else None
        return person is not None and self.model.visible(person) and person.factor is None

    def may_finish(self, browser: Browser) -> bool:
        setup = browser.session.person.setup if browser.session and self.is_active(browser) else None
        return setup is not None and setup.session is browser.session

    def may_disable(self, browser: Browser) -> bool:
        return self.is_active(browser) and browser.session is not None and browser.session.person.factor is not None

    def instance(self) -> Instance:
        """Return the instance as a command on the console finds it."""
        return self.console.instances.get(self.tenant.instance.host, self.model.now)

    def somebody_with(self, cookie: str, worker: int) -> Hands:
        """Return a browser that holds a copied cookie."""
        self.worker = worker
        browser = self.deployment.browser(self.tenant)
        browser.cookies["ccm_session"] = cookie
        return Hands(browser).at(self.deployment.workers[worker])

    def keep_cookie(self, number: int, hands: Hands, browser: Browser) -> None:
        """Remember a cookie that the browser does not hold any more: somebody may have copied it."""
        cookie, session = self.held[number]
        if session is not None and hands.cookie != cookie:
            went_on = session is browser.session
            self.old.append(Old(cookie, session, self.model.now if went_on else None))
        self.held[number] = (hands.cookie, browser.session)

    def typed(self, kind: str, factor: Factor | None) -> str:
        """Return the code that somebody types who has this phone, or none."""
        if factor is None:
            return "000000"
        step = int(self.model.now // PERIOD)
        steps = {"shown": step, "previous": step - 1, "next": step + 1, "older": step - 2, "used": factor.used}
        if kind == "wrong":
            near = {factor.code(step + away) for away in (-1, 0, 1)}
            return next(text for text in ("000000", "111111", "222222", "333333") if text not in near)
        return factor.code(steps[kind] if steps[kind] > 0 else step - 2)


def password_of(person: Person, *, right: bool) -> str:
    """Return the person's password, or one that it may have been before."""
    return person.password if right else next(one for one in PASSWORDS if one != person.password)
