# SPDX-License-Identifier: MIT
"""An approval lets one confirmed act go on: not another one, not later, not in another session."""

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, asked, post


def approval(browser: Browser, plugin: str = "twofactor") -> dict[str, str]:
    """Confirm the deactivation of a plugin, but do not go on: return the form that would."""
    browser.get(f"/admin/plugins/{plugin}")
    browser.submit(f"/admin/plugins/{plugin}/deactivate")
    browser.submit("/confirm", password=PASSWORD)
    return next(form.fields for form in browser.page.forms if "approval" in form.fields)


def test_an_approval_holds_for_its_target_and_its_fields_alone(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    browser, user = tenant.browser("admin"), account(tenant)
    fields = approval(browser)
    for target, more in (
        ("/admin/plugins/twofactor/deactivate", {"more": "1"}),
        ("/admin/plugins/twofactor/purge", {}),
        (f"/admin/users/{user.id}/delete", {}),
        (f"/admin/users/{user.id}/role", {"role": "administrator"}),
    ):
        browser.post(target, fields | more)
        assert asked(browser), target
    assert "twofactor" in tenant.instance.active
    assert account(tenant).role == "user"


def test_an_approval_holds_for_its_session_alone(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    fields = approval(tenant.browser("admin"))
    other = tenant.browser("admin")
    token = other.page.form("/logout").fields["page_token"]
    other.post("/admin/plugins/twofactor/deactivate", fields | {"page_token": token})
    assert asked(other)
    assert "twofactor" in tenant.instance.active


def test_an_approval_dies_with_the_next_confirmation_and_with_time(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    browser = tenant.browser("admin")
    first, second = approval(browser), approval(browser)
    browser.post("/admin/plugins/twofactor/deactivate", first)
    assert asked(browser)
    tenant.host.clock.move(900)
    browser.post("/admin/plugins/twofactor/deactivate", second)
    assert asked(browser)
    assert "twofactor" in tenant.instance.active


def test_an_approval_counts_once(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    browser = tenant.browser("admin")
    fields = approval(browser)
    browser.post("/admin/plugins/twofactor/deactivate", fields)
    assert "twofactor" not in tenant.instance.active
    tenant.activate("twofactor")
    browser.post("/admin/plugins/twofactor/deactivate", fields)
    assert asked(browser)
    assert "twofactor" in tenant.instance.active


def test_a_made_up_approval_is_none(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    browser = tenant.browser("admin")
    browser.get("/admin/plugins/twofactor")
    token = browser.page.form("/logout").fields["page_token"]
    for made_up in ("", "1", token, "A" * 86, "ä"):
        post(browser, "/admin/plugins/twofactor/deactivate", approval=made_up)
        assert asked(browser)
    assert "twofactor" in tenant.instance.active
