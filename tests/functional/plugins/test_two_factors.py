# SPDX-License-Identifier: MIT
"""A user with two second factors passes with either one; a broken one stops nobody who has another."""

from collections.abc import Callable

import pytest

from ccm_core.services.accounts import Account
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant, running_host
from tests.bad_plugins import installed
from tests.functional.acts import SECRET, account, activate_missing, asked, enrol, events, link_in

WORD = "open sesame"
UNAVAILABLE = "The second step of your login cannot be checked right now. Please ask your administrator."
APP = "2-factor authentication"
CANNOT_ASK = ["challengeraises", "challengeexits", "challengenone", "templatesfail", "gone"]
CANNOT_JUDGE = ["verifyraises"]


def bind(tenant: Tenant, *plugins: str, name: str = "erika") -> Account:
    """Activate plugins and bind the user to a factor of each."""
    for plugin in plugins:
        if plugin == "gone":
            activate_missing(tenant, plugin)
        else:
            tenant.activate(plugin)
        enrol(tenant, account(tenant, name), plugin, **({"data": WORD.encode()} if plugin == "working" else {}))
    return account(tenant, name)


def signed_in(browser: Browser) -> bool:
    return "Log out" in browser.page.text


def test_either_factor_is_enough(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    bind(tenant, "twofactor", "working")
    first, second = tenant.browser("erika"), tenant.browser("erika")
    assert "Use another way" in first.page.text
    assert first.page.form("/login/challenge").fields["factor"] == "twofactor"
    first.submit("/login/challenge", code=oathtool(SECRET))
    assert signed_in(first)
    second.get(second.page.links["Working"])
    assert second.page.form("/login/challenge").fields["factor"] == "working"
    second.submit("/login/challenge", code=WORD)
    assert signed_in(second)
    assert {entry["factor"] for entry in events(tenant, "login.succeeded")} == {"twofactor", "working"}


def test_one_can_go_back_and_forth_between_the_factors_and_still_comes_where_one_wanted(
    tenant: Tenant, oathtool: Callable[..., str]
) -> None:
    bind(tenant, "twofactor", "working")
    browser = tenant.browser()
    browser.get("/account")
    browser.submit("/login", username="erika", password=PASSWORD)
    browser.get(browser.page.links["Working"])
    browser.submit("/login/challenge", code="a wrong word")
    assert browser.page.form("/login/challenge").fields["factor"] == "working"
    assert browser.page.alerts == ["The login code is not right."]
    browser.get(browser.page.links[APP])
    browser.submit("/login/challenge", code=oathtool(SECRET))
    assert browser.path == "/account"


def test_what_proves_one_factor_is_no_proof_of_the_other(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    bind(tenant, "twofactor", "working")
    browser = tenant.browser("erika")
    for factor, answer in (("working", oathtool(SECRET)), ("twofactor", WORD), ("nonesuch", WORD), ("", WORD)):
        browser.submit("/login/challenge", factor=factor, code=answer)
        assert not signed_in(browser)


def test_two_factors_share_one_counter(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    bind(tenant, "twofactor", "working")
    browser = tenant.browser("erika")
    for factor in ("twofactor", "working", "twofactor", "working", "twofactor"):
        browser.submit("/login/challenge", factor=factor, code="000000")
    other = tenant.browser("erika")
    other.submit("/login/challenge", factor="working", code=WORD)
    assert other.response.status_code == 429


@pytest.mark.parametrize("broken", CANNOT_ASK)
def test_a_factor_that_cannot_ask_does_not_stop_one_that_works(tenant: Tenant, broken: str) -> None:
    bind(tenant, broken, "working")
    browser = tenant.browser("erika")
    assert browser.response.status_code == 200
    assert browser.page.form("/login/challenge").fields["factor"] == "working"
    browser.submit("/login/challenge", code=WORD)
    assert signed_in(browser)


@pytest.mark.parametrize("broken", CANNOT_JUDGE)
def test_a_factor_that_cannot_judge_does_not_stop_one_that_works(tenant: Tenant, broken: str) -> None:
    bind(tenant, broken, "working")
    browser = tenant.browser("erika")
    browser.get(f"/login/challenge?factor={broken}")
    browser.submit("/login/challenge", code="anything")
    assert browser.response.status_code == 401
    assert "not possible at the moment" in browser.page.alerts[0]
    browser.get(browser.page.links["Working"])
    browser.submit("/login/challenge", code=WORD)
    assert signed_in(browser)


@pytest.mark.parametrize("broken", CANNOT_ASK)
def test_without_a_working_factor_this_user_is_refused_and_everybody_else_signs_in(tenant: Tenant, broken: str) -> None:
    bind(tenant, broken)
    browser = tenant.browser("erika")
    assert (browser.path, browser.response.status_code) == ("/login/challenge", 503)
    assert UNAVAILABLE in browser.page.text
    browser.submit("/login/challenge")
    assert browser.path == "/login"
    for factor in (broken, "twofactor", ""):
        browser.log_in("erika", PASSWORD)
        fields = browser.page.form("/login/challenge").fields | {"action": "", "factor": factor, "code": "000000"}
        browser.post("/login/challenge", fields)
        assert browser.response.status_code in {401, 503}
        assert "ccm_session" not in browser.cookies
    assert signed_in(tenant.browser("admin"))


@pytest.mark.parametrize("broken", [*CANNOT_ASK, *CANNOT_JUDGE])
def test_the_administrator_sees_which_plugin_fails_and_why(tenant: Tenant, broken: str) -> None:
    bind(tenant, broken)
    browser = tenant.browser("erika")
    if broken in CANNOT_JUDGE:
        browser.submit("/login/challenge", code="123456")
    admin = tenant.browser("admin")
    admin.get(f"/admin/plugins/{broken}")
    reasons = {
        "challengeraises": "ValueError in challenge_raises, line 9",
        "challengeexits": "SystemExit in challenge_exits, line 9",
        "challengenone": "NoneType instead of a Challenge",
        "templatesfail": "UndefinedError in plugins/templatesfail/part.html, line 1",
        "gone": "The plugin gone is not installed",
        "verifyraises": "ValueError in verify_raises, line 8",
    }
    assert reasons[broken] in admin.page.text
    assert ("missing" if broken == "gone" else "broken") in admin.page.text
    for secret in ("123456", "JBSWY3DPEHPK3PXP", "12345678901234567890", "erika@example.org failed"):
        assert secret not in admin.page.html


def test_what_nobody_could_judge_does_not_count_as_a_guess(tenant: Tenant) -> None:
    bind(tenant, "verifyraises", "working")
    for _ in range(8):
        browser = tenant.browser("erika")
        browser.submit("/login/challenge", factor="verifyraises", code="anything")
        assert browser.response.status_code == 401
    browser.get("/login/challenge?factor=working")
    browser.submit("/login/challenge", code=WORD)
    assert signed_in(browser)


def test_a_verification_that_hangs_is_refused_and_holds_up_nobody_else(tenant: Tenant) -> None:
    bind(tenant, "verifyhangs", "working")
    browser = tenant.browser("erika")
    browser.get("/login/challenge?factor=verifyhangs")
    assert "Use another way" in browser.page.text
    browser.submit("/login/challenge", code="anything")
    assert browser.response.status_code == 401
    browser.submit("/login/challenge", factor="working", code=WORD)
    assert signed_in(browser)


def test_a_confirmation_takes_either_factor_and_keeps_the_form_that_waits(
    tenant: Tenant, oathtool: Callable[..., str]
) -> None:
    bind(tenant, "twofactor", "working", name="admin")
    browser = tenant.browser("admin")
    browser.submit("/login/challenge", code=oathtool(SECRET))
    tenant.activate("sectionsraise")
    browser.get("/admin/plugins/sectionsraise")
    browser.submit("/admin/plugins/sectionsraise/deactivate")
    assert browser.page.form("/confirm").buttons[0] == "Continue"
    browser.submit("/confirm", way="working")
    assert asked(browser)
    assert browser.response.status_code == 200
    browser.confirm(PASSWORD, code=WORD)
    assert browser.page.alerts == ["The plugin was deactivated."]


@pytest.mark.parametrize("broken", CANNOT_ASK)
def test_a_confirmation_is_not_stopped_by_a_broken_factor(tenant: Tenant, broken: str) -> None:
    bind(tenant, broken, "working")
    browser = tenant.browser("erika")
    browser.submit("/login/challenge", code=WORD)
    tenant.host.clock.move(1000)
    browser.get("/account")
    browser.submit("/account/email", email="new@example.org")
    assert browser.page.form("/confirm").fields["factor"] == "working"
    browser.confirm(PASSWORD, code=WORD)
    assert browser.path == "/account"


def test_the_strict_reset_is_not_stopped_by_a_broken_factor(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, home = tmp_path_factory.mktemp("strict_plugins"), tmp_path_factory.mktemp("strict")
    strict = {"workers": 1, "plugin_path": [folder], "reset_keeps_second_factor": "true"}
    with installed(folder, "working", "templates_fail"), running_host(home, **strict) as host:
        tenant = host.tenant()
        tenant.add_user("erika")
        bind(tenant, "templatesfail", "working")
        browser = tenant.browser()
        browser.get("/password/forgot")
        browser.submit("/password/forgot", username="erika")
        link = link_in(tenant.mails("erika")[-1])
        browser.get(link)
        assert browser.page.form(link).fields["factor"] == "working"
        new = "a quite different sentence"
        browser.submit(link, new_password=new, repeat_password=new, code=WORD)
        assert browser.path == "/login?done=password"


def test_a_session_goes_on_only_with_a_factor_of_an_active_plugin(tenant: Tenant) -> None:
    user = bind(tenant, "working")
    before = tenant.browser("erika")
    before.submit("/login/challenge", code=WORD)
    admin = tenant.browser("admin")
    admin.get("/admin/plugins/working")
    admin.submit("/admin/plugins/working/deactivate")
    admin.confirm(PASSWORD)
    between = tenant.browser("erika")
    assert signed_in(between)
    assert len(tenant.host.parts.factors.ledger.confirmed(user.id)) == 1
    admin.submit("/admin/plugins/working/activate")
    between.get("/account")
    assert between.path == "/login?next=%2Faccount"
    between.submit("/login", username="erika", password=PASSWORD)
    assert between.path == "/login/challenge?next=%2Faccount"
    before.get("/account")
    assert before.path == "/account"
