# SPDX-License-Identifier: MIT
"""What every second factor promises beside that: an answer counts once, for its user alone; nothing goes round it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import httpx
from sqlalchemy import select

from ccm_core.db import models as m
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant
from ccm_core.testing.html_faults import faults_of
from ccm_core.testing.links import link_in
from ccm_core.testing.plugin_contract import PluginContract, demand
from ccm_core.testing.plugin_state import address, routes_of
from ccm_core.testing.traces import traces_of
from ccm_core.testing.wrong_answers import wrong_answers

CHALLENGE = "/login/challenge"
LATER_SECONDS = 61
"""After this time an answer may be asked for that was not given before."""
TRIES = 5
"""Wrong answers after which the host makes a user wait (docs/security.md)."""
WRONG = "wrong answer"
NEW_PASSWORD = "an altogether different staple"  # noqa: S105 - of made-up users


@dataclass(frozen=True)
class Protected:
    """A user who has set the factor up, and what right answers are made from."""

    tenant: Tenant
    name: str
    browser: Browser
    secret: str

    def at_challenge(self) -> Browser:
        """Give the right password in a new browser."""
        return self.tenant.browser(self.name)


class FactorContract(PluginContract, ABC):
    """Subclass it, name the plugin, and say how its factor is set up and answered."""

    @abstractmethod
    def set_up(self, browser: Browser) -> str:
        """Set the factor up through the pages, in a browser that has just signed in.

        Returns what right answers are made from. Open the account page first, as people do.
        """

    @abstractmethod
    def answer(self, secret: str, now: float) -> str:
        """Return a right answer at a time, in seconds since 1970, that was not returned for this secret before."""

    def traces(self, secret: str) -> list[str]:
        """Return what betrays the secret wherever it stands: its words, and other writings of what it encodes."""
        return traces_of(secret)

    def use(self, browser: Browser) -> None:
        """Set the factor up: that is what a user of a factor does with it."""
        self.set_up(browser)

    def test_its_pages_keep_to_the_policy_and_are_open_to_all(self, ccm_host: Host) -> None:
        """As for every plugin; of a factor also the set-up and each place that asks for an answer."""
        super().test_its_pages_keep_to_the_policy_and_are_open_to_all(ccm_host)
        tenant, pages = self._tenant(ccm_host), list[str]()
        tenant.add_user("erika")
        browser = tenant.browser("erika")
        browser.on_page = pages.append
        erika = Protected(tenant, "erika", browser, self.set_up(browser))
        browser.get("/confirm?next=/account")
        asked = erika.at_challenge()
        pages.append(asked.page.html)
        pages.append(asked.submit(CHALLENGE, code=WRONG).html)
        found = sorted({fault for page in pages for fault in faults_of(page)})
        demand(found, "A page keeps to the policy and is open to all, but in set-up or login:", "Mend the template.")

    def test_the_password_alone_opens_nothing(self, ccm_host: Host) -> None:
        """Between password and answer nobody is signed in."""
        erika = self._protected(self._tenant(ccm_host))
        browser = erika.at_challenge()
        wrong = [] if browser.path == CHALLENGE else [f"the login goes on at {browser.path}"]
        wrong += [path for path in ("/", "/account") if not _sent_away(browser.send("GET", path))]
        wrong += ["its session is open"] if browser.session()["state"] != "none" else []
        mend = "Begin enrolments with begin and finish them with confirm: the ledger then asks for them."
        demand(wrong, "The password alone opens nothing, but:", mend)

    def test_a_right_answer_passes_and_only_once(self, ccm_host: Host) -> None:
        """Whoever saw an answer being typed can do nothing with it (ASVS 6.5.1)."""
        erika = self._protected(self._tenant(ccm_host))
        answer = self._next(erika)
        demand(not self._passes(erika, answer), "A right answer passes, but it was refused:", "See verify and answer.")
        again = [state for state in ("at once", "a minute later") if self._passes_again(erika, answer, state)]
        mend = "Give Passed a counter that rises with every answer, or data without the used one."
        demand(again, "An answer passes once, but it passed again", mend)

    def test_a_wrong_answer_never_passes(self, ccm_host: Host) -> None:
        """Nothing but the right answer is right, however odd it is."""
        tenant, found = self._tenant(ccm_host), []
        for number in range(len(wrong_answers("right"))):
            user = self._protected(tenant, f"erika{number}")
            answer, browser = wrong_answers(self._next(user))[number], user.at_challenge()
            browser.submit(CHALLENGE, code=answer)
            if browser.session()["state"] != "none" or browser.response.status_code >= 500:
                found.append(repr(answer[:20]))
        mend = "Compare with the right answer and with nothing else, and raise nothing."
        demand(found, "A wrong answer is refused with a sentence, but not:", mend)

    def test_the_same_answer_passes_once_in_all_processes(self, ccm_host: Host) -> None:
        """No process knows what another one has in its memory, and two may judge at the same moment."""
        erika = self._protected(self._tenant(ccm_host))
        with ccm_host.client_of_each_worker() as clients:
            answer, passed = self._next(erika), []
            for client in clients:
                browser = erika.at_challenge()
                browser.client = client
                browser.submit(CHALLENGE, code=answer)
                passed.append(browser.session()["state"] == "active")
            at_once = self._race(erika, clients)
        wrong = [] if passed.count(True) == 1 else [f"{passed.count(True)} of {len(passed)} processes took it"]
        wrong += [] if at_once == 1 else [f"{at_once} of those at the same moment passed"]
        mend = "Remember nothing in the process: give Passed a counter that rises, or data without the used answer."
        demand(wrong, "The same answer passes once, whichever process judges it, but", mend)

    def _race(self, user: Protected, clients: list[httpx.Client]) -> int:
        """Give the next answer in several browsers at the same moment; returns how many signed in."""
        answer, browsers = self._next(user), [user.at_challenge() for _ in range(2 * len(clients))]
        start = Barrier(len(browsers))

        def send(browser: Browser, client: httpx.Client) -> None:
            browser.client = client
            start.wait(10)
            browser.submit(CHALLENGE, code=answer)

        with ThreadPoolExecutor(len(browsers)) as pool:
            list(pool.map(send, browsers, [*clients, *clients]))
        return [browser.session()["state"] for browser in browsers].count("active")

    def test_wrong_answers_make_everybody_wait(self, ccm_host: Host) -> None:
        """Guessing is slow, whatever the factor is (ASVS 6.3.1)."""
        erika = self._protected(self._tenant(ccm_host))
        right = self._next(erika)
        for _ in range(TRIES):
            erika.at_challenge().submit(CHALLENGE, code=WRONG)
        browser = erika.at_challenge()
        browser.submit(CHALLENGE, code=right)
        passed = "a right answer passed at once" if browser.session()["state"] == "active" else ""
        mend = "Return Refused for a wrong answer, so that the host counts it; raise nothing."
        demand(passed, f"After {TRIES} wrong answers everybody waits, but", mend)

    def test_an_answer_of_one_place_is_not_taken_in_another(self, ccm_host: Host) -> None:
        """What set the factor up signs nobody in, and what signed in confirms nothing."""
        erika = self._protected(self._tenant(ccm_host))
        answer = self._next(erika)
        login = erika.at_challenge()
        login.submit(CHALLENGE, code=answer)
        login.get("/confirm?next=/account")
        login.submit("/confirm", password=PASSWORD, code=answer)
        wrong = ["the answer of the login confirmed"] if login.path == "/account" else []
        fresh = self._next(erika)
        login.get("/confirm?next=/account")
        login.submit("/confirm", password=PASSWORD, code=fresh)
        if login.path != "/account":
            wrong.append("a fresh answer did not confirm")
        wrong += ["the answer of the confirmation signed in"] if self._passes(erika, fresh) else []
        mend = "Judge every purpose by the same enrolment, with the counter or data that Passed returned."
        demand(wrong, "An answer counts once, in whatever place, but", mend)

    def test_an_answer_of_one_user_is_worth_nothing_to_another(self, ccm_host: Host) -> None:
        """Factors belong to users, and users without one sign in as ever."""
        erika = self._protected(self._tenant(ccm_host))
        otto = self._protected(erika.tenant, "otto")
        erika.tenant.add_user("paula")
        wrong = ["otto passed with erika's answer"] if self._passes(otto, self._next(erika)) else []
        if erika.tenant.browser("paula").path != "/":
            wrong.append("a user without the factor cannot sign in")
        mend = "Judge by login.enrolments alone: they are the user's own."
        demand(wrong, "An answer is worth something for its user alone, but", mend)

    def test_what_answers_are_made_from_is_kept_sealed(self, ccm_host: Host) -> None:
        """Whoever has a copy of the database has no factor (ASVS 11.3)."""
        erika = self._protected(self._tenant(ccm_host))
        places = _everything(erika.tenant)
        places |= {f"the mail {mail['Subject']}": mail.as_string() for mail in erika.tenant.mails()}
        routes = [route for route in routes_of(erika.tenant, self.plugin) if route.method == "GET"]
        for path in ("/account", *(address(self.plugin, route) for route in routes)):
            places[f"the page {path}"] = erika.browser.get(path).html
        traces = self.traces(erika.secret)
        found = [place for place, text in places.items() if any(trace in text for trace in traces)]
        mend = "Give secrets to Enrolments.begin alone: the host seals them. Show them once, in the set-up."
        demand(found, "What answers are made from stands nowhere in the clear, but in:", mend)

    def test_a_new_password_by_mail_clears_it(self, ccm_host: Host) -> None:
        """Whoever lost the factor gets in again by mail."""
        erika = self._protected(self._tenant(ccm_host))
        browser = erika.tenant.browser()
        browser.get("/password/forgot")
        browser.submit("/password/forgot", username=erika.name)
        link = link_in(erika.tenant.mails(erika.name)[-1])
        browser.get(link)
        browser.submit(link, new_password=NEW_PASSWORD, repeat_password=NEW_PASSWORD)
        back = erika.tenant.browser(erika.name, NEW_PASSWORD)
        wrong = [] if back.path == "/" else [f"the login goes on at {back.path}"]
        parts = erika.tenant.host.parts
        (entry,) = parts.audit.entries(erika.tenant.instance.id, event="reset.password_set")
        asked = "ccm_password_reset" in parts.registry.get(self.plugin).hooks
        if asked and self.plugin not in entry.detail["cleared_by_plugins"]:  # type: ignore[operator]  # names
            wrong.append("the plugin, which was asked, left it to the host")
        demand(wrong, "A new password by mail clears the factor, but", "Call reset.clear() in ccm_password_reset.")

    def _tenant(self, host: Host) -> Tenant:
        tenant = host.tenant()
        tenant.activate(self.plugin)
        return tenant

    def _protected(self, tenant: Tenant, name: str = "erika") -> Protected:
        """Return a new user of an instance who has set the factor up."""
        tenant.add_user(name)
        browser = tenant.browser(name)
        return Protected(tenant, name, browser, self.set_up(browser))

    def _next(self, user: Protected) -> str:
        return self.answer(user.secret, user.tenant.host.clock.move(LATER_SECONDS))

    def _passes(self, user: Protected, answer: str) -> bool:
        browser = user.at_challenge()
        browser.submit(CHALLENGE, code=answer)
        return bool(browser.session()["state"] == "active")

    def _passes_again(self, user: Protected, answer: str, state: str) -> bool:
        if state != "at once":
            user.tenant.host.clock.move(LATER_SECONDS)
        return self._passes(user, answer)


def _sent_away(response: object) -> bool:
    return (
        getattr(response, "status_code", 0) in {302, 303} and "/login" in getattr(response, "headers", {})["location"]
    )


def _everything(tenant: Tenant) -> dict[str, str]:
    """Return all rows of the database, by table, bytes as text that shows what is in them."""
    found = {}
    with tenant.host.parts.database.read() as connection:
        for table in m.metadata.sorted_tables:
            rows = connection.execute(select(table)).all()
            found[f"the table {table.name}"] = "\n".join(
                value.decode("latin-1") if isinstance(value, bytes) else str(value) for row in rows for value in row
            )
    return found
