# SPDX-License-Identifier: MIT
"""Over HTTP: the id in the header of an answer stands in every line logged meanwhile, and on the page of a failure."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

from ccm_core.testing.host import Host, Tenant
from tests.functional.acts import activate_missing, asked, post

HEADER = "X-Request-ID"
GIVEN = "5f1c9a52-7f2e-4f0e-9d2a-2a4f1f8f5e11"


def logged(host: Host) -> list[dict[str, object]]:
    """Return the lines of the log."""
    lines = (host.settings.data_dir / "server.log").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_the_id_of_an_answer_stands_in_the_lines_of_its_request_alone(host: Host, tenant: Tenant) -> None:
    browsers = [tenant.browser() for _ in range(4)]
    for browser in browsers:
        browser.get("/login")

    def fail(number: int) -> str:
        form = browsers[number].page.form("/login").fields | {"username": f"nobody{number}", "password": "wrong words"}
        answer = browsers[number].send("POST", "/login", data=form)
        assert answer.status_code == 401
        return answer.headers[HEADER]

    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(fail, range(4)))
    assert len(set(ids)) == 4
    mine = [line for line in logged(host) if line.get("instance") == tenant.instance.id]
    refused = [line["request_id"] for line in mine if line["event"] == "login.refused"]
    assert sorted(refused, key=str) == sorted(ids)


def test_a_trusted_proxy_names_the_request_in_header_and_log(host: Host, tenant: Tenant) -> None:
    browser = tenant.browser()
    for given, taken in ((GIVEN, True), ("no id at all", False)):
        browser.get("/login")
        form = browser.page.form("/login").fields | {"username": "nobody", "password": "wrong words"}
        answer = browser.send("POST", "/login", data=form, headers={HEADER: given})
        assert (answer.headers[HEADER] == given) is taken
        assert any(line.get("request_id") == answer.headers[HEADER] for line in logged(host))


def test_what_the_delivery_logs_belongs_to_no_request(host: Host, tenant: Tenant) -> None:
    browser = tenant.browser("admin")
    browser.get("/admin/users")
    post(browser, "/admin/users", name="greta", email="greta@example.org", role="user")
    if asked(browser):
        browser.confirm("correct horse battery staple")
    wait = threading.Event()
    for _ in range(100):
        lines = [line for line in logged(host) if line.get("instance") == tenant.instance.id]
        delivered = [line for line in lines if line["event"] == "mail.delivered"]
        if delivered:
            break
        wait.wait(0.05)
    assert delivered
    assert not any("request_id" in line for line in delivered)
    assert all("request_id" in line for line in lines if line["event"] == "user.added")


def test_the_page_of_a_failure_names_the_line_that_tells_of_it(host: Host, tenant: Tenant) -> None:
    activate_missing(tenant, "gone")
    for language, told in (("en", "Reference for your administrator: "), ("de", "Kennung für Ihren Administrator: ")):
        browser = tenant.browser("admin", language=language)
        browser.get("/plugins/gone/setup")
        reference = browser.response.headers[HEADER]
        assert browser.response.status_code == 500
        assert told + reference in browser.page.text
    browser.get("/nowhere")
    assert told not in browser.page.text
    assert browser.response.headers[HEADER] not in browser.page.html
