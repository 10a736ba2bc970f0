# SPDX-License-Identifier: MIT
"""While the disk is full, what must be written is refused with a sentence and as a whole; with space it works again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Column, select

from ccm_core.db import models as m
from ccm_core.services.accounts import Account
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import SECRET, enrol, events, snapshot
from tests.functional.full_disk import Disk
from tests.functional.phone import SETUP, Phone

pytestmark = pytest.mark.sqlite

BUSY = "The database cannot take the request at present. Please try again in a moment."
ALWAYS_FITS = 60
"""Pages: no change is larger."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with running_host(tmp_path_factory.mktemp("host"), workers=1) as running:
        yield running


@pytest.fixture
def disk(host: Host) -> Disk:
    return Disk(host)


def assert_refused(browser: Browser, sentence: str = BUSY) -> None:
    assert browser.response.status_code == 503
    assert int(browser.response.headers["Retry-After"]) >= 1
    assert sentence in browser.page.text
    assert "Traceback" not in browser.response.text


def log_in(browser: Browser) -> None:
    browser.get("/login")
    browser.submit("/login", username="erika", password=PASSWORD)


def ask_for_a_link(browser: Browser) -> None:
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")


def save_a_name(browser: Browser) -> None:
    browser.get("/account")
    browser.submit("/account", first_name="Erika")


def change_the_password(browser: Browser) -> None:
    browser.get("/account")
    new = "a quite different sentence"
    browser.submit("/account/password", current_password=PASSWORD, new_password=new, repeat_password=new)


def press_the_button_of_a_plugin(browser: Browser) -> None:
    browser.get("/account")
    browser.submit(f"{SETUP}/begin")


def add_a_user(browser: Browser) -> None:
    browser.get("/admin/users")
    browser.submit("/admin/users", name="otto", email="otto@example.org", role="user")


def log_out(browser: Browser) -> None:
    browser.get("/account")
    browser.submit("/logout")


@pytest.mark.parametrize(
    ("who", "act"),
    [
        (None, log_in),
        (None, ask_for_a_link),
        ("erika", save_a_name),
        ("erika", change_the_password),
        ("erika", press_the_button_of_a_plugin),
        ("erika", log_out),
        ("admin", add_a_user),
    ],
)
def test_what_must_be_written_is_refused_changes_nothing_and_works_again_with_space(
    disk: Disk, protected: Tenant, who: str | None, act: Callable[[Browser], None]
) -> None:
    browser = protected.browser(who)
    before, trail = snapshot(protected), events(protected)
    with disk.full():
        act(browser)
        assert_refused(browser)
        assert browser.session()["state"] == ("active" if who else "none")
    assert (snapshot(protected), events(protected)) == (before, trail)
    act(browser)
    assert browser.response.status_code == 200
    assert (snapshot(protected), events(protected)) != (before, trail)


def test_the_sentence_is_told_in_the_readers_language(disk: Disk, tenant: Tenant) -> None:
    browser = tenant.browser(language="de")
    with disk.full():
        log_in(browser)
    assert_refused(browser, "Bitte versuchen Sie es gleich noch einmal.")


def test_what_is_only_read_is_shown_and_the_host_stays_ready(disk: Disk, tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    with disk.full():
        for path in ("/", "/account", "/login", "/healthz", "/readyz"):
            browser.get(path)
            assert browser.response.status_code == 200, path


def test_who_is_not_logged_in_logs_out_without_a_word_to_the_database(disk: Disk, tenant: Tenant) -> None:
    browser = tenant.browser()
    token = browser.get("/login").form("/login").fields["page_token"]
    with disk.full():
        browser.post("/logout", {"page_token": token})
        assert (browser.response.status_code, browser.path) == (200, "/login?done=logout")


def bound(tenant: Tenant, name: str) -> tuple[Account, Phone]:
    """Add a user who has set up a phone before."""
    account = tenant.add_user(name)
    enrol(tenant, account)
    return account, Phone(tenant, SECRET)


def kept(tenant: Tenant, account: Account, column: Column[Any]) -> list[Any]:
    """Return a column's values in the rows of a user."""
    query = select(column).where(column.table.c.user_id == account.id)
    with tenant.host.parts.database.read() as connection:
        return list(connection.execute(query).scalars())


def test_a_code_that_could_not_be_recorded_as_used_opens_nothing_and_stays_good(disk: Disk, protected: Tenant) -> None:
    """Wherever in the login the disk becomes full: before the attempt was counted, and after."""
    seen = set()
    for pages in range(ALWAYS_FITS):
        account, phone = bound(protected, f"user{pages}")
        browser, code = protected.browser(account.name), phone.code()
        with disk.full(pages):
            browser.submit("/login/challenge", code=code)
        if "ccm_session" in browser.cookies:
            break
        assert_refused(browser)
        assert kept(protected, account, m.session.c.id) == []
        assert kept(protected, account, m.enrolment.c.counter) == [-1]
        seen.update(kept(protected, account, m.pending_login.c.tries))
        browser.get("/account")
        assert browser.path.startswith("/login")
        browser.get("/login/challenge")
        browser.submit("/login/challenge", code=code)
        assert browser.path == "/"
    assert seen == {0, 1}
    again = protected.browser(account.name)
    again.submit("/login/challenge", code=code)
    assert "ccm_session" not in again.cookies


def test_a_password_opens_a_session_as_a_whole_or_not_at_all(disk: Disk, tenant: Tenant) -> None:
    refusals = 0
    for pages in range(ALWAYS_FITS):
        account = tenant.add_user(f"user{pages}")
        browser, before = tenant.browser(), events(tenant)
        browser.get("/login")
        with disk.full(pages):
            browser.submit("/login", username=account.name, password=PASSWORD)
        if "ccm_session" in browser.cookies:
            break
        assert_refused(browser)
        refusals += 1
        assert (kept(tenant, account, m.session.c.id), events(tenant)) == ([], before)
        browser.log_in(account.name, PASSWORD)
        assert browser.path == "/"
    assert refusals > 3
    assert len(kept(tenant, account, m.session.c.id)) == 1
    assert events(tenant)[0] == {"event": "login.succeeded", "about": account.name, "by": ""}


def test_a_change_is_made_with_its_mail_and_its_trail_or_not_at_all(disk: Disk, tenant: Tenant) -> None:
    admin = tenant.browser("admin")
    before, trail, refusals = snapshot(tenant), events(tenant), 0
    for pages in range(ALWAYS_FITS):
        admin.get("/admin/users")
        with disk.full(pages):
            admin.submit("/admin/users", name="otto", email="otto@example.org", role="user")
        if admin.response.status_code == 200:
            break
        assert_refused(admin)
        refusals += 1
        assert (snapshot(tenant), events(tenant)) == (before, trail)
    assert refusals > 3
    assert "otto@example.org" in admin.page.text
    assert [mail["Subject"] for mail in tenant.mails("otto")] == [f"Your account on {tenant.name}"]
    assert events(tenant, "user.added")[0]["about"] == "otto"


def test_an_approved_change_that_did_not_fit_can_be_approved_anew(disk: Disk, protected: Tenant) -> None:
    """The approval is used up in a transaction before the change, and the session's token with it."""
    admin = protected.browser("admin")
    tokens = set()
    for pages in range(ALWAYS_FITS):
        admin.get("/admin/plugins/twofactor")
        admin.submit("/admin/plugins/twofactor/deactivate")
        admin.submit("/confirm", password=PASSWORD)
        (form,) = [form for form in admin.page.forms if "approval" in form.fields]
        token = admin.cookies["ccm_session"]
        with disk.full(pages):
            admin.post(form.action, form.fields)
        if "twofactor" not in protected.instance.active:
            break
        assert_refused(admin)
        tokens.add(token == admin.cookies["ccm_session"])
        admin.get("/")
        assert (admin.response.status_code, admin.path) == (200, "/")
    assert tokens == {True, False}
    assert admin.response.status_code == 200
