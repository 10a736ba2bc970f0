# SPDX-License-Identifier: MIT
"""H67, H69 to H72, H74 to H76: a forgotten password, asked for by anybody and answered by one mailbox alone."""

import base64
import string
from collections import Counter
from collections.abc import Callable

import pytest

from ccm_core.services.user_admin import Actor
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, events, link_in, snapshot
from tests.functional.phone import ACCOUNT, Enrolled
from tests.functional.test_concurrent_sign_ins import copied
from tests.functional.test_independence import NEW
from tests.hostile.acts import CHALLENGE, state
from tests.hostile.crowd import at_both_workers
from tests.hostile.open_windows import code_is_asked

FORGOT, RESET = "/password/forgot", "/password/reset/"
MINE = "erika@example.org"


def ask(tenant: Tenant, name: str = "erika", *, network: int = 0) -> Browser:
    """Ask for a link, from a network of one's own."""
    browser = tenant.browser()
    browser.headers["X-Forwarded-For"] = f"198.18.{network}.1"
    browser.get(FORGOT)
    browser.submit(FORGOT, username=name)
    return browser


def mailed(tenant: Tenant, name: str = "erika") -> str:
    """Ask for a link and return its path out of the mail."""
    ask(tenant, name)
    return link_in(tenant.mails(name)[-1])


def save(browser: Browser, link: str, new: str = NEW, **fields: str) -> int:
    """Open a link, and send a new password if there is a form for it."""
    browser.get(link)
    if browser.response.status_code == 200:
        browser.submit(link, new_password=new, repeat_password=new, **fields)
    return browser.response.status_code


def test_h67_a_known_an_unknown_a_disabled_and_an_invited_name_get_one_reply(tenant: Tenant) -> None:
    """That the work behind it is the same too is shown in ``test_equal_work.py``."""
    tenant.add_user("invited", password=None)
    parts, disabled = tenant.host.parts, tenant.add_user("disabled")
    parts.users.set_disabled(tenant.instance, disabled.id, tenant.host.clock(), Actor(), disabled=True)
    seen = set()
    for number in range(100):
        for name in ("erika", MINE, "nobody", "nobody@example.org", "disabled", "invited"):
            browser = ask(tenant, name, network=number)
            length, headers = len(browser.response.content), frozenset(browser.response.headers)
            seen.add((browser.response.status_code, browser.page.text, length, headers, browser.path))
    assert len(seen) == 1
    assert {status for status, *_ in seen} == {200}
    assert Counter(mail["To"] for mail in tenant.mails()) == {"invited@example.org": 3, MINE: 3}


ONE = ["erika", "ERIKA", "Erika@Example.ORG", f"  {MINE} ", "ｅｒｉｋａ", "eri\N{KELVIN SIGN}a"]
NONE = [
    f"{MINE}\r\nBcc: evil@example.net",
    f"{MINE}\nTo: evil@example.net",
    f"{MINE}%0d%0aBcc:evil@example.net",
    f"{MINE},evil@example.net",
    f"{MINE};evil@example.net",
    f"{MINE} evil@example.net",
    f"<{MINE}>",
    f"Erika <{MINE}>",
    f"{MINE}@evil.example",
    "evil@example.net,erika",
    '["erika@example.org","evil@example.net"]',
    "\N{CYRILLIC SMALL LETTER IE}rika",
    "er\N{LATIN SMALL LETTER DOTLESS I}ka@example.org",
    "erika@ex\N{CYRILLIC SMALL LETTER A}mple.org",
    "erika\N{ZERO WIDTH SPACE}@example.org",
    "erika@example\N{IDEOGRAPHIC FULL STOP}org.",
    "erika%",
    "*",
]


@pytest.mark.parametrize(("typed", "count"), [*((text, 1) for text in ONE), *((text, 0) for text in NONE)], ids=ascii)
def test_h69_whatever_is_typed_only_the_kept_address_gets_mail(tenant: Tenant, typed: str, count: int) -> None:
    answer = ask(tenant, typed)
    assert answer.response.status_code == 200
    mails = tenant.mails()
    assert [mail["To"] for mail in mails] == [MINE] * count
    assert not [mail for mail in mails if mail["Cc"] or mail["Bcc"] or "evil" in mail.as_string()]


def test_h69_of_several_values_the_first_counts_and_no_array_is_known(tenant: Tenant) -> None:
    browser = tenant.browser()
    browser.get(FORGOT)
    fields = browser.page.form(FORGOT).fields
    values: list[dict[str, object]] = [
        {"username": ["erika", "evil@example.net"]},
        {"username[]": ["erika", "admin"]},
        {"username[0]": "erika"},
    ]
    statuses = [browser.send("POST", FORGOT, data=fields | {"username": ""} | value).status_code for value in values]
    assert statuses == [200, 400, 400]
    assert [mail["To"] for mail in tenant.mails()] == [MINE]


LETTERS = string.ascii_letters + string.digits + "-_"


def decoded(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=")


def test_h70_a_link_that_was_used_replaced_cut_or_changed_opens_nothing(tenant: Tenant) -> None:
    older, link = mailed(tenant), mailed(tenant)
    token = link.removeprefix(RESET)
    cut, last = token[:-1], token[-1]
    same = next(cut + one for one in LETTERS if one != last and decoded(cut + one) == decoded(token))
    changed = [cut, token[1:], token + "A", token + "=", token.swapcase(), same, f"{token}%00", f"%20{token}"]
    before = snapshot(tenant)
    for path in (older, RESET + "A" * 43, *(RESET + one for one in changed)):
        browser = tenant.browser()
        assert save(browser, path) in {400, 404}, path
        token_field = tenant.browser().get(FORGOT).form(FORGOT).fields
        fields = token_field | {"new_password": NEW, "repeat_password": NEW, "token": token}
        assert browser.send("POST", path, data=fields, params={"token": token}).status_code in {400, 403, 404}
    assert snapshot(tenant) == before
    assert save(tenant.browser(), link) == 200
    assert save(tenant.browser(), link, PASSWORD) == 404
    assert tenant.browser("erika", NEW).path == "/"


def test_h70_a_link_is_over_after_an_hour(tenant: Tenant) -> None:
    link, browser = mailed(tenant), tenant.browser()
    browser.get(link)
    tenant.host.clock.move(3601)
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    assert browser.response.status_code == save(tenant.browser(), link) == 404
    assert tenant.browser("erika").path == "/"


def test_h70_a_link_changes_its_own_user_alone_whoever_is_named(tenant: Tenant) -> None:
    link, admin = mailed(tenant), account(tenant, "admin")
    names = dict.fromkeys(("username", "user", "email", "id", "user_id"), "admin") | {"id": str(admin.id)}
    assert save(tenant.browser(), link, **names) == 200
    assert account(tenant, "admin") == admin
    assert tenant.browser("erika", NEW).path == "/"


def test_h70_a_scanner_that_opens_a_link_uses_nothing_up_and_the_page_leaks_nothing(tenant: Tenant) -> None:
    link, scanner = mailed(tenant), tenant.browser()
    before = snapshot(tenant)
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        answer = scanner.send(method, link, headers={"Sec-Fetch-Site": None, "User-Agent": "scanner"})
        assert answer.status_code in {200, 405}
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    scanner.get(link)
    assert [target for target in scanner.page.links.values() if not target.startswith(("/", "#"))] == []
    assert snapshot(tenant) == before
    token = link.removeprefix(RESET)
    assert token not in (tenant.host.settings.data_dir / "server.log").read_text("utf-8")
    assert save(tenant.browser(), link) == 200


def test_h71_asking_for_and_opening_a_link_leave_password_and_code_as_they_were(erika: Enrolled) -> None:
    tenant, before = erika.tenant, snapshot(erika.tenant)
    tenant.browser().get(mailed(tenant))
    assert [snapshot(tenant)[table] for table in ("user", "enrolment")] == [before["user"], before["enrolment"]]
    assert state(erika.browser) == "active"
    erika.log_in()


def test_h72_a_new_password_ends_everything_removes_the_factor_and_signs_nobody_in(erika: Enrolled) -> None:
    tenant, other, waiting = erika.tenant, erika.log_in(), erika.at_second_dialog()
    other.get(ACCOUNT)
    other.submit("/account/email", email="new@example.org")
    address_link = link_in(tenant.mails("new@example.org")[-1])
    window = erika.log_in()
    window.get("/")
    browser, link = tenant.browser(), mailed(tenant)
    assert save(browser, link) == 200
    assert (browser.path, state(browser), "ccm_session" in browser.cookies) == ("/login?done=password", "none", False)
    assert [state(one) for one in (erika.browser, other, window)] == ["none"] * 3
    assert window.unlock(NEW).status_code == 403
    waiting.submit(CHALLENGE, code=erika.phone.next_code())
    assert (waiting.path, state(waiting)) == ("/login", "none")
    assert tenant.browser("erika", PASSWORD).response.status_code == 401
    again = tenant.browser("erika", NEW)
    assert (again.path, state(again)) == ("/", "active")
    again.get(address_link)
    assert again.response.status_code == 404
    assert snapshot(tenant)["enrolment"] == []
    assert tenant.mails(MINE)[-1]["Subject"] == "Your password was changed and the second factor reset"
    (entry,) = events(tenant, "reset.password_set")
    assert (entry["about"], entry["factors_removed"]) == ("erika", 1)


def as_session(tenant: Tenant, token: str) -> Browser:
    browser = tenant.browser()
    browser.cookies["ccm_session"] = token
    browser.get(ACCOUNT)
    return browser


def as_pending(tenant: Tenant, token: str) -> Browser:
    browser = tenant.browser()
    browser.cookies["ccm_login"] = token
    browser.get(CHALLENGE)
    return browser


@pytest.mark.parametrize("act", [as_session, as_pending])
def test_h74_no_mailed_token_stands_in_for_a_session_or_a_waiting_login(
    erika: Enrolled, act: Callable[[Tenant, str], Browser]
) -> None:
    tenant = erika.tenant
    tenant.add_user("invited", password=None)
    for name in ("erika", "invited"):
        browser = act(tenant, mailed(tenant, name).rpartition("/")[2])
        assert (browser.path.partition("?")[0], state(browser)) == ("/login", "none")


def test_h74_nothing_else_stands_in_for_a_reset_or_an_activation_link(erika: Enrolled) -> None:
    tenant, half = erika.tenant, erika.at_second_dialog()
    tenant.add_user("invited", password=None)
    erika.browser.get(ACCOUNT)
    erika.browser.submit("/account/email", email="new@example.org")
    paths = [mailed(tenant), link_in(tenant.mails("invited")[-1]), link_in(tenant.mails("new@example.org")[-1])]
    tokens = {path.rpartition("/")[2]: path.rpartition("/")[0] + "/" for path in paths}
    cookies = {half.cookies["ccm_login"], half.cookies["ccm_visit"], erika.browser.cookies["ccm_session"]}
    before = snapshot(tenant)
    for kind in (RESET, "/activate/", "/account/email/"):
        for token in (*tokens, *cookies):
            if tokens.get(token) != kind:
                browser = copied(erika.browser) if kind == "/account/email/" else tenant.browser()
                assert save(browser, kind + token) == 404, kind
    assert snapshot(tenant) == before
    assert code_is_asked(tenant.browser())


def test_h75_of_parallel_resets_with_one_link_one_counts(erika: Enrolled) -> None:
    tenant, link = erika.tenant, mailed(erika.tenant)
    browsers = {tenant.browser(): f"{NEW} {number}" for number in range(4)}
    for browser in browsers:
        browser.get(link)

    def act(browser: Browser) -> None:
        browser.submit(link, new_password=browsers[browser], repeat_password=browsers[browser])

    statuses = at_both_workers(tenant.host, list(browsers), act)
    assert statuses.count(200) == len(events(tenant, "reset.password_set")) == 1
    signed_in = [tenant.browser("erika", new).path == "/" for new in browsers.values()]
    assert signed_in == [browser.path == "/login?done=password" for browser in browsers]


def test_h76_fifty_requests_send_three_mails_an_hour_and_get_one_reply(tenant: Tenant) -> None:
    seen = {ask(tenant, network=number).page.text for number in range(50)}
    assert len(seen) == 1
    assert [mail["To"] for mail in tenant.mails()] == [MINE] * 3
    assert len(events(tenant, "reset.too_many")) == 47
    tenant.host.clock.move(3601)
    seen |= {ask(tenant, network=number).page.text for number in range(50, 60)}
    assert (len(seen), len(tenant.mails())) == (1, 6)
