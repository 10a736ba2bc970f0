# SPDX-License-Identifier: MIT
"""H68 and H73: resets on hosts with settings of their own, without a proxy and in strict mode."""

import socket
from collections.abc import Iterator

import pytest

from ccm_core.services.instances import ON_PREMISE
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import events, link_in, snapshot
from tests.functional.phone import Enrolled, enrol
from tests.functional.test_independence import NEW
from tests.hostile.acts import CHALLENGE, reasons, state, wrong

FORGOT = "/password/forgot"
EVIL = "evil.example"
FORGED = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Original-Host": EVIL,
    "X-Host": EVIL,
    "X-HTTP-Host-Override": EVIL,
    "Forwarded": f"host={EVIL};proto=https",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": f"//{EVIL}",
    "X-Original-URL": f"https://{EVIL}/",
    "X-Rewrite-URL": f"https://{EVIL}/",
}


@pytest.fixture(scope="module")
def on_premise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """A host with one instance and without a proxy."""
    with running_host(tmp_path_factory.mktemp("premise")) as running:
        running.parts.instances.add("127.0.0.1", ON_PREMISE, None, running.clock())
        tenant = Tenant(running, "127.0.0.1")
        tenant.add_user("erika")
        yield tenant


def mails_of(tenant: Tenant) -> list[str]:
    """Return the new mails in full, also those that name another host, and take them away."""
    tenant.host.deliver()
    files = sorted(tenant.host.settings.mail_dir.glob("[0-9]*.eml"))
    texts = [path.read_text("utf-8") for path in files]
    for path in files:
        path.unlink()
    return texts


def assert_own_link(tenant: Tenant, mails: list[str]) -> None:
    """The one mail leads to the configured address and nowhere else."""
    (text,) = mails
    text = text.replace("=\n", "")  # how long lines are broken in mails
    assert text.count(f"{tenant.origin}/password/reset/") == 1
    assert EVIL not in text
    assert text.count("http") == text.count(tenant.origin)


def test_h68_a_forged_forwarded_host_changes_no_link(on_premise: Tenant) -> None:
    browser = on_premise.browser()
    browser.get(FORGOT)
    fields = browser.page.form(FORGOT).fields | {"username": "erika"}
    assert browser.send("POST", FORGOT, data=fields, headers=FORGED).status_code == 200
    assert_own_link(on_premise, mails_of(on_premise))


@pytest.mark.parametrize("host", [EVIL, f"127.0.0.1.{EVIL}", f"127.0.0.1@{EVIL}", f"{EVIL}#@127.0.0.2", "127.0.0.2"])
def test_h68_a_forged_host_gets_no_mail_sent(on_premise: Tenant, host: str) -> None:
    browser = on_premise.browser()
    browser.get(FORGOT)
    fields = browser.page.form(FORGOT).fields | {"username": "erika"}
    assert browser.send("POST", FORGOT, data=fields, headers={"Host": host}).status_code in {400, 404, 421}
    assert mails_of(on_premise) == []


def raw(tenant: Tenant, head: list[str], body: str) -> int:
    """Send a request as it is written here, and return the status."""
    lines = [*head, "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    text = "\r\n".join([*lines, "Connection: close", "", body])
    with socket.create_connection(("127.0.0.1", tenant.host.port), timeout=30) as connection:
        connection.sendall(text.encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return int(answer.split()[1])


REQUESTS = {
    "absolute, forged": (f"http://{EVIL}{FORGOT}", ["{own}"]),
    "absolute, forged host": ("{origin}" + FORGOT, [EVIL]),
    "absolute, both forged": (f"http://{EVIL}{FORGOT}", [EVIL]),
    "two hosts": (FORGOT, ["{own}", EVIL]),
    "two hosts, forged first": (FORGOT, [EVIL, "{own}"]),
    "own name with a forged port": (FORGOT, ["127.0.0.1:666"]),
    "own name as a user": (FORGOT, ["127.0.0.1:x@" + EVIL]),
}


@pytest.mark.parametrize("request_line", REQUESTS)
def test_h68_an_absolute_request_or_a_second_host_changes_no_link(on_premise: Tenant, request_line: str) -> None:
    """Either nothing is sent, or the link is the configured one."""
    on_premise.host.clock.move(3601)
    browser = on_premise.browser()
    browser.get(FORGOT)
    token, visit = browser.page.form(FORGOT).fields["page_token"], browser.cookies["ccm_visit"]
    target, names = REQUESTS[request_line]
    own = on_premise.origin.partition("//")[2]
    head = [f"POST {target.format(origin=on_premise.origin)} HTTP/1.1"]
    head += [f"Host: {name.format(own=own)}" for name in names]
    head += ["Sec-Fetch-Site: same-origin", f"Cookie: ccm_visit={visit}"]
    status = raw(on_premise, head, f"page_token={token}&username=erika")
    mails = mails_of(on_premise)
    if status == 200:
        assert_own_link(on_premise, mails)
    else:
        assert (status in {400, 404, 421}, mails) == (True, [])


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host whose resets keep the second factor."""
    with running_host(tmp_path_factory.mktemp("strict"), reset_keeps_second_factor="true") as running:
        yield running


@pytest.fixture
def kept(strict: Host) -> Enrolled:
    """The user ``erika`` of a fresh instance of that host, with a phone."""
    strict.clock.to_step_start()
    tenant = strict.tenant()
    tenant.add_user("erika")
    tenant.activate("twofactor")
    return enrol(tenant, "erika")


def opened(tenant: Tenant) -> tuple[Browser, str]:
    """Ask for a link and open it."""
    browser = tenant.browser()
    browser.get(FORGOT)
    browser.submit(FORGOT, username="erika")
    link = link_in(tenant.mails("erika")[-1])
    browser.get(link)
    return browser, link


def test_h73_the_link_alone_or_with_a_wrong_or_used_code_sets_nothing(kept: Enrolled) -> None:
    tenant = kept.tenant
    browser, link = opened(tenant)
    before, form = snapshot(tenant), browser.page.form(link).fields
    news = {"new_password": NEW, "repeat_password": NEW}
    bare = {name: value for name, value in form.items() if name not in {"code", "factor"}}
    for extra in ({}, {"code": ""}, {"code": wrong(kept)}, {"code": kept.phone.code()}):
        browser.post(link, bare | news | extra)
        assert browser.response.status_code == 400
    assert reasons(tenant, "erika") == ["replayed", "wrong", "wrong", "wrong"]
    for factor in ("", "none", "password"):
        browser.post(link, form | news | {"factor": factor, "code": "", "reset_keeps_second_factor": "false"})
    assert snapshot(tenant) == before
    assert state(kept.browser) == "active"
    assert tenant.browser("erika", NEW).response.status_code == 401
    assert tenant.browser("erika", PASSWORD).path == CHALLENGE


def test_h73_link_and_code_set_the_password_and_the_factor_stays(kept: Enrolled) -> None:
    tenant = kept.tenant
    browser, link = opened(tenant)
    code = kept.phone.next_code()
    browser.submit(link, new_password=NEW, repeat_password=NEW, code=code)
    assert (browser.path, state(browser), state(kept.browser)) == ("/login?done=password", "none", "none")
    assert events(tenant, "reset.password_set")[0]["factors_removed"] == 0
    login = tenant.browser("erika", NEW)
    for typed, signed_in in ((code, "none"), (kept.phone.next_code(), "active")):
        login.submit(CHALLENGE, code=typed)
        assert state(login) == signed_in
