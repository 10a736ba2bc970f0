# SPDX-License-Identifier: MIT
"""Windows that are still open, and everything that ends what their locked session may go on with."""

from collections.abc import Callable

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, approve, events, link_in, post
from tests.functional.phone import ACCOUNT, DISABLE, SETUP, Enrolled, begin_setup
from tests.functional.test_independence import NEW, reset
from tests.functional.test_open_window import PLUGIN
from tests.hostile.acts import CHALLENGE, state

OTTOS = "another long sentence of otto"


def only_cookies(browser: Browser) -> Browser:
    """Return another program with the cookies of a browser, which shows none of its pages."""
    copy = Browser(browser.origin, browser.client)
    copy.cookies = dict(browser.cookies)
    return copy


def code_is_asked(browser: Browser, name: str = "erika", password: str = PASSWORD) -> bool:
    """Whether logging in anew needs the code."""
    browser.log_in(name, password)
    return (browser.path, state(browser)) == (CHALLENGE, "none")


def unlock_refusals(tenant: Tenant) -> list[tuple[object, object]]:
    """Return about whom and why unlocking was refused, first to last."""
    return [(entry["about"], entry["reason"]) for entry in reversed(events(tenant, "unlock.refused"))]


def _at_account(erika: Enrolled) -> Browser:
    browser = erika.log_in()
    browser.get(ACCOUNT)
    return browser


def _at(tenant: Tenant, path: str) -> Browser:
    admin = tenant.browser("admin")
    admin.get(path)
    return admin


def _user_page(tenant: Tenant) -> str:
    return f"/admin/users/{account(tenant).id}"


def changed_password(erika: Enrolled) -> None:
    _at_account(erika).submit("/account/password", current_password=PASSWORD, new_password=NEW, repeat_password=NEW)


def reset_password(erika: Enrolled) -> None:
    reset(erika.tenant, "erika")


def disabled(erika: Enrolled) -> Browser:
    browser = _at_account(erika)
    browser.get(DISABLE)
    browser.submit(DISABLE, code=erika.phone.next_code())
    return browser


def another_phone(erika: Enrolled) -> None:
    browser = disabled(erika)
    browser.submit(SETUP, code=begin_setup(erika.tenant, browser).code())


def new_address(erika: Enrolled) -> None:
    browser = _at_account(erika)
    browser.submit("/account/email", email="new@example.org")
    browser.get(link_in(erika.tenant.mails("new@example.org")[-1]))
    browser.submit(browser.path)


def others_ended_by_the_user(erika: Enrolled) -> None:
    post(_at_account(erika), "/account/sessions", all="1")


def ended_by_an_administrator(erika: Enrolled) -> None:
    page = _user_page(erika.tenant)
    post(_at(erika.tenant, page), f"{page}/sessions", all="1")


def disabled_and_enabled_account(erika: Enrolled) -> None:
    page = _user_page(erika.tenant)
    admin = _at(erika.tenant, page)
    admin.submit(f"{page}/disable")
    admin.submit(f"{page}/enable")


def new_role(erika: Enrolled) -> None:
    page = _user_page(erika.tenant)
    approve(_at(erika.tenant, page), f"{page}/role", role="administrator")


def factor_reset(erika: Enrolled) -> None:
    page = _user_page(erika.tenant)
    approve(_at(erika.tenant, page), f"{page}/reset-factor")


def revoked_plugin(erika: Enrolled) -> None:
    admin = _at(erika.tenant, PLUGIN)
    post(admin, f"{PLUGIN}/select")
    post(admin, f"{PLUGIN}/allow", user=str(account(erika.tenant).id))
    approve(admin, f"{PLUGIN}/revoke")


def plugin_off_and_on(erika: Enrolled) -> None:
    admin = _at(erika.tenant, PLUGIN)
    approve(admin, f"{PLUGIN}/deactivate")
    admin.submit(f"{PLUGIN}/activate")


Cause = Callable[[Enrolled], object]
CAUSES: dict[Cause, tuple[str, str]] = {
    changed_password: ("account.password_changed", NEW),
    reset_password: ("reset.password_set", NEW),
    disabled: ("factor.disabled", PASSWORD),
    another_phone: ("factor.enabled", PASSWORD),
    new_address: ("account.email_changed", PASSWORD),
    others_ended_by_the_user: ("account.sessions_ended", PASSWORD),
    ended_by_an_administrator: ("user.sessions_ended", PASSWORD),
    disabled_and_enabled_account: ("user.enabled", PASSWORD),
    new_role: ("user.role_changed", PASSWORD),
    factor_reset: ("factor.reset", PASSWORD),
    revoked_plugin: ("plugin.revoked", PASSWORD),
    plugin_off_and_on: ("plugin.activated", PASSWORD),
}
"""What revokes an open window, with the event that tells of it and the password that counts afterwards."""

FACTOR_GONE: tuple[Cause, ...] = (reset_password, disabled, factor_reset, revoked_plugin)

SENSITIVE = {
    "/account/password": {"current_password": PASSWORD, "new_password": OTTOS, "repeat_password": OTTOS},
    "/account/email": {"email": "new@example.org"},
    f"{PLUGIN}/deactivate": {},
    f"{PLUGIN}/purge": {},
    f"{PLUGIN}/settings": {"issuer": "Mallory"},
    f"{PLUGIN}/select": {},
    "/admin/users": {"name": "mallory", "email": "mallory@example.org", "role": "administrator"},
    "/admin/users/<id>/disable": {},
    "/admin/users/<id>/role": {"role": "administrator"},
    "/admin/users/<id>/reset-factor": {},
    "/admin/users/<id>/delete": {},
}
"""What may be done in a session only after a confirmation, with the fields of a form that does it."""

FOREIGN: list[dict[str, str | None]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": None, "Sec-Fetch-Site": None},
    {"Origin": "", "Sec-Fetch-Site": None},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
]
"""Headers of a request that no page of ours has sent."""
