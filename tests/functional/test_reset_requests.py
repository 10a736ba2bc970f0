# SPDX-License-Identifier: MIT
"""Asking for reset mails again and again floods neither a mailbox nor the outbox."""

from ccm_core.testing.host import Tenant


def _ask(tenant: Tenant, times: int, name: str) -> list[int]:
    browser = tenant.browser()
    statuses = []
    for _ in range(times):
        browser.get("/password/forgot")
        browser.submit("/password/forgot", username=name)
        statuses.append(browser.response.status_code)
    return statuses


def test_at_most_three_reset_mails_an_hour_reach_a_user(tenant: Tenant) -> None:
    assert set(_ask(tenant, 8, "erika")) == {200}
    assert len(tenant.mails("erika@example.org")) == 3


def test_a_network_that_asks_too_often_is_held_back_whatever_it_asks_for(tenant: Tenant) -> None:
    assert _ask(tenant, 20, "nobody") == [200] * 20
    assert _ask(tenant, 2, "erika") == [429, 429]
    assert tenant.mails("erika@example.org") == []
    tenant.host.clock.move(3601)
    assert _ask(tenant, 1, "erika") == [200]
