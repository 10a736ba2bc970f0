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
