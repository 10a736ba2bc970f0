# SPDX-License-Identifier: MIT
"""Set-up and disabling from begin to end, with the host's ledger in memory."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ccm_core.plugin_api import Page, Redirect
from ccm_twofactor import totp

CodeAt = Callable[[bytes, int], str]
Visit = Callable[..., Page | Redirect]


def code_of_now(ledger: Any, code_at: CodeAt) -> str:
    (enrolment,) = ledger.bound or (ledger.open,)
    return code_at(enrolment.data, int(ledger.now) // 30)


@pytest.fixture
def enabled(ledger: Any, visit: Visit, code_at: CodeAt) -> None:
    visit("POST", "setup/begin")
    visit("POST", "setup", {"code": code_of_now(ledger, code_at)})
    assert ledger.bound


def test_the_button_begins_a_set_up_with_a_fresh_secret(ledger: Any, visit: Visit) -> None:
    assert visit("POST", "setup/begin") == Redirect("/plugins/twofactor/setup")
    first = ledger.open
    visit("POST", "setup/begin")
    assert first.label == ledger.open.label == "Smartphone app"
    assert len(first.data) == len(ledger.open.data) == 20
    assert first.data != ledger.open.data


def test_the_set_up_page_shows_the_secret_of_the_ledger_in_every_form(ledger: Any, visit: Visit) -> None:
    visit("POST", "setup/begin")
    page = visit("GET", "setup")
    assert isinstance(page, Page)
    key = totp.base32_key(ledger.open.data)
    uri = totp.key_uri(ledger.open.data, issuer="consent.example.org", account="erika")
    assert (page.title, page.status) == ("2-factor authentication", 200)
    assert (page.context["key"], page.context["uri"], page.context["qr"]) == (key, uri, totp.qr_code(uri))


@pytest.mark.parametrize(
    ("settings", "issuer"),
    [
        ({}, "consent.example.org"),
        ({"issuer": ""}, "consent.example.org"),
        ({"issuer": " "}, "consent.example.org"),
        ({"issuer": "Our consents"}, "Our consents"),
    ],
)
def test_the_app_shows_the_name_of_the_settings_or_else_the_host_name(
    visit: Visit, settings: dict[str, str], issuer: str
) -> None:
    visit("POST", "setup/begin")
    page = visit("GET", "setup", **settings)
    assert isinstance(page, Page)
    uri = str(page.context["uri"])
    assert re.findall("issuer=([^&]*)", uri) == [issuer.replace(" ", "%20")]


def test_a_right_code_finishes_the_set_up(ledger: Any, visit: Visit, code_at: CodeAt) -> None:
    visit("POST", "setup/begin")
    answer = visit("POST", "setup", {"code": code_of_now(ledger, code_at)})
    assert answer == Redirect("/account", "2-factor authentication successfully enabled.")
    assert ledger.bound
    assert ledger.open is None


@pytest.mark.parametrize("form", [{}, {"code": ""}, {"code": "000000"}, {"code": "x" * 10_000}])
def test_a_wrong_code_shows_the_same_secret_again(ledger: Any, visit: Visit, form: dict[str, str]) -> None:
    visit("POST", "setup/begin")
    before = visit("GET", "setup")
    answer = visit("POST", "setup", form)
    assert isinstance(before, Page)
    assert answer == replace(before, status=400, context={**before.context, "error": totp.WRONG})
    assert ledger.answers == [form.get("code", "")]
    assert ledger.bound == ()


def test_nothing_but_the_code_is_taken_from_the_form(ledger: Any, visit: Visit, code_at: CodeAt) -> None:
    visit("POST", "setup/begin")
    own = b"A" * 20
    step = int(ledger.now) // 30
    form = {"code": code_at(own, step), "secret": totp.base32_key(own), "key": totp.base32_key(own), "period": "1"}
    answer = visit("POST", "setup", form)
    assert isinstance(answer, Page)
    assert ledger.bound == ()


def test_the_code_of_an_earlier_begin_is_refused(ledger: Any, visit: Visit, code_at: CodeAt) -> None:
    visit("POST", "setup/begin")
    earlier = code_of_now(ledger, code_at)
    visit("POST", "setup/begin")
    assert isinstance(visit("POST", "setup", {"code": earlier}), Page)
    assert ledger.bound == ()


def test_after_too_many_wrong_codes_the_set_up_must_be_started_again(ledger: Any, visit: Visit) -> None:
    visit("POST", "setup/begin")
    answers = [visit("POST", "setup", {"code": "1"}) for _ in range(5)]
    assert [type(answer) for answer in answers] == [Page, Page, Page, Page, Redirect]
    again = Redirect("/account", "This set-up has ended without being finished. Please start it again.")
    assert answers[-1] == visit("POST", "setup", {"code": "1"}) == again


def test_without_a_set_up_its_page_leads_to_the_account(visit: Visit) -> None:
    assert visit("GET", "setup") == Redirect("/account")


@pytest.mark.usefixtures("enabled")
def test_who_has_an_app_cannot_begin_another_set_up(ledger: Any, visit: Visit) -> None:
    told = "2-factor authentication is already enabled. Disable it first to set up another app."
    assert visit("POST", "setup/begin") == Redirect("/account", told)
    assert ledger.begun == 1


@pytest.mark.usefixtures("enabled")
def test_the_secret_is_not_shown_again_once_it_is_confirmed(visit: Visit) -> None:
    assert visit("GET", "setup") == Redirect("/account")


@pytest.mark.usefixtures("enabled")
def test_the_next_code_disables_the_app(ledger: Any, visit: Visit, code_at: CodeAt) -> None:
    ledger.now += 30
    answer = visit("POST", "disable", {"code": code_of_now(ledger, code_at)})
    assert answer == Redirect("/account", "2-factor authentication successfully disabled.")
    assert ledger.bound == ()


@pytest.mark.usefixtures("enabled")
def test_the_code_that_confirmed_the_set_up_does_not_disable_the_app(
    ledger: Any, visit: Visit, code_at: CodeAt
) -> None:
    answer = visit("POST", "disable", {"code": code_of_now(ledger, code_at)})
    assert isinstance(answer, Page)
    assert (answer.status, answer.context["error"]) == (400, totp.USED)
    assert ledger.bound


@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("form", [{}, {"code": ""}, {"code": "000000"}])
def test_a_wrong_code_does_not_disable_the_app(ledger: Any, visit: Visit, form: dict[str, str]) -> None:
    shown = visit("GET", "disable")
    answer = visit("POST", "disable", form)
    assert isinstance(shown, Page)
    assert (shown.title, shown.context["purpose"]) == ("2-factor authentication", "removal")
    assert answer == replace(shown, status=400, context={**shown.context, "error": totp.WRONG})
    assert ledger.answers[-1] == form.get("code", "")
    assert ledger.bound


@pytest.mark.usefixtures("enabled")
def test_a_pause_of_the_host_is_told_in_its_words(ledger: Any, visit: Visit) -> None:
    ledger.locked = True
    answer = visit("POST", "disable", {"code": "000000"})
    assert isinstance(answer, Page)
    assert (answer.status, answer.context["error"]) == (429, "Wait a little.")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_has_no_app_has_nothing_to_disable(visit: Visit, method: str) -> None:
    assert visit(method, "disable", {"code": "000000"}) == Redirect("/account")


def test_a_refusal_without_words_gets_some(ledger: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    visit("POST", "setup/begin")
    pending = ledger.open
    ledger.open = None
    monkeypatch.setattr(ledger, "pending", lambda: pending)
    answer = visit("POST", "setup", {"code": "000000"})
    assert isinstance(answer, Page)
    assert answer.context["error"] == totp.WRONG
