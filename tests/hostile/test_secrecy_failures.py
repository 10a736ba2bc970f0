# SPDX-License-Identifier: MIT
"""H89 where something else fails: what mail server, database and plugin say of it is not passed on with a secret."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from ccm_core.testing.server import client_of, free_port
from tests.bad_plugins import announce
from tests.databases import no_new_password
from tests.functional.acts import account, activate_missing, enrol, events, post
from tests.functional.conftest import initialised, program, ready
from tests.functional.program import PASSWORD as ADMIN
from tests.functional.program import Program
from tests.functional.test_headers import assert_complete
from tests.functional.test_mail_smtp import ask, once_postponed
from tests.hostile.acts import CHALLENGE

__all__ = ["initialised", "program", "ready"]

PLUGIN, ANSWER = "quoting", "an answer that is a secret"
CODE = """
from ccm_core.plugin_api import Challenge, Page, Refused, Route, hookimpl

TEMPLATE = "plugins/quoting/part.html"


@hookimpl
def ccm_login_challenge(login):
    return Challenge(TEMPLATE, lambda answer, now: Refused("not the word", f"Not {answer}."))


def status(request):
    code = request.form["code"]
    return Page("Page", TEMPLATE, {}, int(code) if code.isdecimal() else code)


def interrupt(*given):
    raise KeyboardInterrupt(*given)


def draw(request):
    return Page("Page", "plugins/quoting/call.html", {"call": interrupt, **request.form})


@hookimpl
def ccm_pages():
    return [
        Route("POST", "status", status),
        Route("POST", "interrupt", lambda request: interrupt(request.form["code"])),
        Route("POST", "draw", draw),
    ]
"""


class Filter:
    """A mail server that refuses a mail for its link, and names it."""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        link = re.search(rb"http://\S+/password/reset/\S+", content.replace(b"=\r\n", b""))
        return f"550 5.7.1 blocked for {link[0].decode() if link else 'nothing'} in the text"


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the plugin is installed."""
    plugins = tmp_path_factory.mktemp("plugins")
    announce(plugins, distribution=f"ccm-{PLUGIN}", name=PLUGIN, target=PLUGIN)
    (plugins / PLUGIN / "templates").mkdir(parents=True)
    (plugins / PLUGIN / "__init__.py").write_text(CODE, "utf-8")
    (plugins / PLUGIN / "templates" / "part.html").write_text('<input name="code">', "utf-8")
    (plugins / PLUGIN / "templates" / "call.html").write_text("{{ call(code) }}", "utf-8")
    return plugins


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> Iterator[Host]:
    port = free_port()
    server = Controller(Filter(), "127.0.0.1", port)
    server.start()
    mail_url = f"smtp://127.0.0.1:{port}"
    with running_host(tmp_path_factory.mktemp("host"), plugin_path=[plugins], mail_url=mail_url) as running:
        yield running
    server.stop()


def log_of(tenant: Tenant) -> str:
    return (tenant.host.settings.data_dir / "server.log").read_text("utf-8")


def test_h89_a_mail_server_that_quotes_the_link_does_not_get_it_into_the_database(tenant: Tenant) -> None:
    ask(tenant)
    said = once_postponed(tenant).error
    assert "550, b'5.7.1 blocked for http://" in said
    assert "/password/reset/… in the text" in said


def test_h89_a_statement_that_fails_is_logged_without_its_values(tenant: Tenant) -> None:
    browser, database = tenant.browser("erika"), tenant.host.parts.database
    browser.get("/account")
    with no_new_password(database):
        browser.submit("/account/password", current_password=PASSWORD, new_password=ANSWER, repeat_password=ANSWER)
    assert browser.response.status_code == 500
    (line,) = (line for line in log_of(tenant).splitlines() if "IntegrityError" in line)
    assert " SET password_hash" in line
    assert "$argon2" not in line


def test_h89_what_a_plugin_gives_in_the_wrong_place_is_not_repeated(tenant: Tenant) -> None:
    """Its page's status is the code that was typed: neither the log nor plugin management shows it."""
    activate_missing(tenant, PLUGIN)
    browser, admin = tenant.browser("erika"), tenant.browser("admin")
    for code in (ANSWER, "314159"):
        browser.get("/account")
        post(browser, f"/plugins/{PLUGIN}/status", code=code)
        assert browser.response.status_code == 500
        admin.get(f"/admin/plugins/{PLUGIN}")
        assert "POST status: the status of its page is neither 200 nor an error status" in admin.page.text
        assert not [text for text in (log_of(tenant), admin.page.html, browser.page.html) if code in text]


def test_h89_the_reason_of_a_refusal_is_the_plugins_word_and_stands_in_trail_and_log(tenant: Tenant) -> None:
    """The one text of a plugin that is kept as it is, as docs/plugins.md says; its message is the person's alone."""
    activate_missing(tenant, PLUGIN)
    enrol(tenant, account(tenant), PLUGIN)
    browser = tenant.browser("erika")
    browser.submit(CHALLENGE, code=ANSWER)
    assert browser.page.alerts == [f"Not {ANSWER}."]
    assert events(tenant, "code.refused")[0]["reason"] == "not the word"
    assert ANSWER not in log_of(tenant)


def test_h89_a_plugin_that_interrupts_is_answered_and_logged_like_any_that_fails(ready: Program, plugins: Path) -> None:
    """Under ``ccm serve``, whose HTTP server would log the whole trace of what nobody has caught."""
    ready.settings["PYTHONPATH"] = str(plugins)
    ready.done("plugins", "activate", PLUGIN)
    ready.done("plugins", "allow", PLUGIN, "--all")
    with ready.running("serve") as server, client_of(ready.port) as client:
        browser = Browser(ready.url, client)
        browser.log_in("anna", ADMIN)
        for page in ("interrupt", "draw"):
            browser.get("/account")
            post(browser, f"/plugins/{PLUGIN}/{page}", code=ANSWER)
            assert browser.page.headings == ["Something went wrong"]
            assert_complete(browser.response, secure=False)
        log = server.log.read_text("utf-8")
    assert "POST interrupt: KeyboardInterrupt in quoting, line" in log
    assert "plugins/quoting/call.html: KeyboardInterrupt in quoting, line" in log
    assert ANSWER not in log
