# SPDX-License-Identifier: MIT
"""The manual: a second dialog asks for the code at every login."""

from ccm_core.testing.host import PASSWORD, Tenant


def test_a_user_without_a_second_factor_logs_in_with_the_password_alone(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    assert browser.path == "/"
    assert "Log out" in browser.page.text


def test_a_wrong_password_is_refused_with_one_sentence(tenant: Tenant) -> None:
    browser = tenant.browser("erika", PASSWORD + "x")
    assert browser.response.status_code == 401
    assert browser.page.alerts == ["The user name or password is not correct."]


def test_whoever_has_a_locked_session_can_log_in_anew(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    old = browser.cookies["ccm_session"]
    tenant.host.clock.move(tenant.host.settings.session_idle_seconds + 1)
    browser.log_in("erika", PASSWORD)
    assert browser.path == "/"
    assert browser.cookies["ccm_session"] != old


def test_logging_out_on_a_page_whose_session_is_gone_leads_to_the_login(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    tenant.host.clock.move(tenant.host.settings.session_max_seconds + 1)
    browser.submit("/logout")
    assert browser.path == "/login"


def test_a_log_out_that_no_page_of_ours_asked_for_is_refused(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    response = browser.send("POST", "/logout", data={})
    assert response.status_code == 403
    assert "Log out" in browser.get("/").text
