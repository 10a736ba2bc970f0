# SPDX-License-Identifier: MIT
"""Odd addresses: ids, names, tokens and queries that mean nothing lead to a page that says so, never to an error."""

import pytest

from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, enrol, post, snapshot

IDS = [
    "0",
    "-1",
    "+1",
    "1.0",
    "0x1",
    " 1",
    "1%20",
    "1%0a",
    "%D9%A3",
    "%C2%B2",
    "%EF%BC%91",
    "9" * 18,
    "9" * 19,
    "9" * 31,
]
IDS += ["1e3", "true", "%00", "%ff", "..", "%2e%2e", "%252e", "x" * 5000]
IDS += ["1'%20or%201=1--", "%7B%7B7*7%7D%7D"]
TOKENS = ["x", "x" * 43, "x" * 9000, "%00", "%ff%fe", "%0d%0aX-Evil:%20yes", "..%2f..", "%C3%A4" * 43, "'--", "%2541"]
QUERIES = [
    "after=%D9%A3",
    "after=-1",
    f"after={'9' * 31}",
    "after=1e3",
    "after=",
    "user=%27--&event=%25",
    "event=nonesuch",
]
ACTS = ["disable", "enable", "password-link", "role", "reset-factor", "delete", "sessions"]
PLUGIN_PATHS = [
    "",
    "setup/x",
    "SETUP",
    "..%2fsetup",
    "%2e%2e/setup",
    "setup%00",
    "%ff",
    "x" * 5000,
    "setup%0d%0a",
]


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
def test_an_id_of_nobody_leads_nowhere(tenant: Tenant) -> None:
    other = tenant.host.tenant().add_user("foreign")
    browser = tenant.browser("admin")
    before = snapshot(tenant)
    for user_id in [*IDS, str(other.id)]:
        answer = browser.send("GET", f"/admin/users/{user_id}")
        assert answer.status_code == 404, user_id
        assert answer.headers["content-security-policy"]
        for act in ACTS:
            browser.get("/account")
            post(browser, f"/admin/users/{user_id}/{act}", role="administrator", session="1", all="1")
            assert browser.response.status_code in {404, 405}, (user_id, act)
    for act in ("allow", "revoke"):
        for user_id in ("", "0", "-1", "٣", "²", "9" * 19, "1 ", str(other.id)):
            browser.get("/account")
            post(browser, f"/admin/plugins/twofactor/{act}", user=user_id)
            assert browser.response.status_code == 404
    assert snapshot(tenant) == before


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("page", ["/password/reset/", "/activate/", "/account/email/"])
def test_a_made_up_token_is_told_to_be_invalid(tenant: Tenant, page: str) -> None:
    browser = tenant.browser("erika")
    new = {"new_password": "a quite different sentence", "repeat_password": "a quite different sentence"}
    before = snapshot(tenant)
    for token in TOKENS:
        browser.get("/account")
        fields = {"page_token": browser.page.form("/logout").fields["page_token"], **new}
        for answer in (browser.send("GET", page + token), browser.send("POST", page + token, data=fields)):
            assert answer.status_code == 404, token
            assert "x-evil" not in answer.headers
            assert "work" in answer.text or "does not exist" in answer.text
    assert snapshot(tenant) == before


def test_a_token_of_one_kind_is_none_of_another(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    visitor = tenant.browser()
    visitor.get("/login")
    fields = visitor.page.form("/login").fields
    foreign = [browser.cookies["ccm_session"], browser.cookies["ccm_visit"], fields["page_token"]]
    for token in foreign:
        for page in ("/password/reset/", "/activate/", "/account/email/"):
            assert browser.send("GET", page + token).status_code == 404


@pytest.mark.parametrize("query", QUERIES)
def test_an_odd_query_of_a_list_shows_a_page(tenant: Tenant, query: str) -> None:
    browser = tenant.browser("admin")
    for page in ("/admin/audit", "/admin/users", "/admin/plugins/twofactor"):
        answer = browser.send("GET", f"{page}?{query}")
        assert answer.status_code == 200, page


@pytest.mark.parametrize("query", ["q=%00", "q=%ff", "%ff=1", "next=%C3", "a=1&b=%ed%a0%80"])
def test_a_query_that_is_no_text_is_refused(tenant: Tenant, query: str) -> None:
    browser = tenant.browser("admin")
    for page in ("/login", "/admin/users", "/confirm", "/admin/audit"):
        answer = browser.send("GET", f"{page}?{query}")
        assert (answer.status_code, "The request could not be read." in answer.text) == (400, True)


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
def test_a_page_that_a_plugin_does_not_have_does_not_exist(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    browser = tenant.browser("erika")
    for path in PLUGIN_PATHS:
        for plugin in ("twofactor", "nonesuch", "Twofactor"):
            assert browser.send("GET", f"/plugins/{plugin}/{path}").status_code == 404, (plugin, path)
    assert browser.send("GET", "/plugins/twofactor/setup/begin").status_code == 405


def test_a_suffix_makes_another_page_of_none(tenant: Tenant) -> None:
    browser = tenant.browser("admin")
    for path in (
        "/account/x.css",
        "/account.css",
        "/account/",
        "/admin/users/x.js",
        "/login/x",
        "/session/x",
        "/.git/HEAD",
    ):
        answer = browser.send("GET", path)
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize(
    "path",
    ["/static/0000000000000000/app.css", "/static/x/..%2f..%2fapp.py", "/static/x/%2e%2e", "/static/x/app.css%00"],
)
def test_only_static_files_under_their_hash_are_found(tenant: Tenant, path: str) -> None:
    assert tenant.browser().send("GET", f"/static/{path}").status_code == 404


def test_a_code_or_factor_that_makes_no_sense_is_refused(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    enrol(tenant, account(tenant))
    for factor in ("", "nonesuch", "../x", "٣"):
        browser = tenant.browser("erika")
        browser.submit("/login/challenge", factor=factor, code="x" * 9000)
        assert browser.response.status_code == 401
        browser.get(f"/login/challenge?factor={factor}")
        assert browser.page.form("/login/challenge").fields["factor"] == "twofactor"
    assert tenant.browser("erika", PASSWORD).path == "/login/challenge"
