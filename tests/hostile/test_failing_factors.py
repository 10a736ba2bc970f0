# SPDX-License-Identifier: MIT
"""H83 and H84: a second factor that fails in any way, or whose data cannot be opened, lets nobody in without it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccm_core.services.vault import Ring, new_key, write_ring
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Host, Tenant, running_host
from tests.bad_plugins import announce
from tests.functional.acts import account, activate_missing, enrol, events
from tests.functional.conftest import initialised, program, ready
from tests.functional.phone import enrol as set_up_phone
from tests.functional.program import Program

__all__ = ["initialised", "program", "ready"]

CHALLENGE = "/login/challenge"
NEUTRAL = "The second step of your login cannot be checked right now. Please ask your administrator."
REFUSED = "not possible at the moment. Please ask your administrator."
INSIDE = ("Traceback", "ZeroDivisionError", "SyntaxError", ".py", "division")
PLUGIN = """
from threading import Event
from ccm_core.plugin_api import Challenge, hookimpl

@hookimpl
def ccm_login_challenge(login):
    def verify(answer, now):
        return {verdict}
    return {challenge}
"""
WORKING = "Challenge('plugins/{name}/code.html', verify)"
CANNOT_ASK = {
    "hookraises": ("1 / 0", "ZeroDivisionError"),
    "hooknone": ("None", "None"),
    "hookyes": ("'yes'", "str"),
    "hookone": ("1", "int"),
    "hooktrue": ("True", "bool"),
}
"""Plugin to what it answers when a code is to be asked for, and a word of the reason that administrators read."""
CANNOT_JUDGE = {
    "verdictraises": ("1 / 0", "ZeroDivisionError"),
    "verdictnone": ("None", "None"),
    "verdictyes": ("'yes'", "str"),
    "verdictone": ("1", "int"),
    "verdicttrue": ("True", "bool"),
    "verdictsleeps": ("Event().wait(60)", "more than 5 s"),
}
"""Plugin to what it says of a code, and the reason."""
BROKEN = {"syntaxerror": "def ccm_login_challenge(login) return None\n", "importraises": "raise SystemExit\n"}
RIGHT = "from ccm_core.plugin_api import Passed\n" + PLUGIN


def lay_out(folder: Path, name: str, text: str) -> None:
    """Install a plugin with a template for its field in a folder."""
    announce(folder, distribution=f"ccm-{name}", name=name, target=f"factor_{name}")
    templates = folder / f"factor_{name}" / "templates"
    templates.mkdir(parents=True)
    (templates / "code.html").write_text('<input name="code">', "utf-8")
    (templates.parent / "__init__.py").write_text(text, "utf-8")


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that only the server processes of this file look into."""
    folder = tmp_path_factory.mktemp("plugins")
    for name, (challenge, _) in CANNOT_ASK.items():
        lay_out(folder, name, PLUGIN.format(challenge=challenge, verdict="None"))
    for name, (verdict, _) in CANNOT_JUDGE.items():
        lay_out(folder, name, PLUGIN.format(challenge=WORKING.format(name=name), verdict=verdict))
    for name, text in BROKEN.items():
        lay_out(folder, name, text)
    return folder


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> Iterator[Host]:
    with running_host(tmp_path_factory.mktemp("host"), plugin_path=[plugins]) as running:
        yield running


def bind(tenant: Tenant, plugin: str) -> None:
    """Make the plugin active and bind erika to a factor of it."""
    activate_missing(tenant, plugin)
    enrol(tenant, account(tenant), plugin)


def assert_nobody(browser: Browser) -> None:
    assert (browser.session()["state"], "ccm_session" in browser.cookies) == ("none", False)
    assert not [word for word in INSIDE if word in browser.response.text]


def assert_others_go_on(tenant: Tenant, plugin: str, reason: str) -> None:
    """Others sign in, and the administrator reads which plugin fails and why; it stays active."""
    assert tenant.add_user("otto")
    assert tenant.browser("otto").path == "/"
    admin = tenant.browser("admin")
    admin.get("/admin/plugins")
    assert "broken" in admin.page.text or "not installed" in admin.page.text
    admin.get(f"/admin/plugins/{plugin}")
    assert reason in admin.page.text
    assert plugin in tenant.instance.active


def assert_cannot_ask(tenant: Tenant, plugin: str) -> None:
    browser = tenant.browser("erika")
    assert (browser.path, browser.response.status_code) == (CHALLENGE, 503)
    assert NEUTRAL in browser.page.text
    assert_nobody(browser)
    fields = browser.page.form(CHALLENGE).fields | {"action": "", "factor": plugin, "code": "123456"}
    browser.post(CHALLENGE, fields)
    assert browser.response.status_code in {401, 503}
    assert_nobody(browser)
    assert events(tenant, "code.refused")[0]["reason"] == "failed"


@pytest.mark.parametrize("plugin", CANNOT_ASK)
def test_h83_a_hook_that_raises_or_gives_no_challenge_lets_its_users_not_in_and_all_others(
    tenant: Tenant, plugin: str
) -> None:
    bind(tenant, plugin)
    assert_cannot_ask(tenant, plugin)
    assert_others_go_on(tenant, plugin, CANNOT_ASK[plugin][1])


@pytest.mark.parametrize("plugin", CANNOT_JUDGE)
def test_h83_a_check_that_raises_sleeps_or_gives_no_verdict_is_no_pass(tenant: Tenant, plugin: str) -> None:
    bind(tenant, plugin)
    browser = tenant.browser("erika")
    browser.submit(CHALLENGE, code="123456")
    assert browser.response.status_code == 401
    assert REFUSED in browser.page.alerts[0]
    assert_nobody(browser)
    assert events(tenant, "code.refused")[0]["reason"] == "failed"
    assert_others_go_on(tenant, plugin, CANNOT_JUDGE[plugin][1])


@pytest.mark.parametrize("plugin", BROKEN)
def test_h83_a_plugin_that_cannot_be_loaded_is_not_switched_off_by_that(tenant: Tenant, plugin: str) -> None:
    bind(tenant, plugin)
    assert_cannot_ask(tenant, plugin)
    assert_others_go_on(tenant, plugin, {"syntaxerror": "SyntaxError", "importraises": "SystemExit"}[plugin])


def test_h83_a_plugin_that_is_deleted_opens_nothing_before_and_after_the_restart(tmp_path: Path) -> None:
    folder, data = tmp_path / "plugins", tmp_path / "data"
    data.mkdir()
    right = "Passed(login.enrolments[0].id) if answer == 'right' else None"
    lay_out(folder, "deleted", RIGHT.format(challenge=WORKING.format(name="deleted"), verdict=right))
    with running_host(data, plugin_path=[folder]) as host:
        tenant = host.tenant()
        tenant.add_user("admin", admin=True)
        tenant.add_user("erika")
        bind(tenant, "deleted")
        browser = tenant.browser("erika")
        browser.submit(CHALLENGE, code="right")
        assert browser.session()["state"] == "active"
        shutil.rmtree(folder)
        for code in ("wrong", ""):
            browser = tenant.browser("erika")
            assert_nobody(browser)
            if browser.response.status_code == 200:
                browser.submit(CHALLENGE, code=code)
            assert_nobody(browser)
        host.deliver()
    folder.mkdir()
    with running_host(data, plugin_path=[folder]) as host:
        tenant = replace(tenant, host=host)
        assert_cannot_ask(tenant, "deleted")
        assert_others_go_on(tenant, "deleted", "not installed")


@pytest.mark.one_node("works on one node's folder or processes; tests/nodes does the like over two")
def test_h84_with_another_key_no_code_is_right_and_the_administrator_reads_why(tmp_path: Path) -> None:
    with running_host(tmp_path) as host:
        tenant = host.tenant()
        tenant.add_user("admin", admin=True)
        tenant.add_user("erika")
        tenant.activate("twofactor")
        erika = set_up_phone(tenant, "erika")
        key_id, key = new_key()
        write_ring(host.settings.key_file, Ring({key_id: key}))
        assert_cannot_ask(tenant, "twofactor")
        browser = erika.at_second_dialog()
        fields = browser.page.form(CHALLENGE).fields | {"action": "", "code": erika.phone.next_code()}
        browser.post(CHALLENGE, fields)
        assert_nobody(browser)
        assert_others_go_on(tenant, "twofactor", "which the key file does not hold")


def lose(keys: Path) -> None:
    keys.unlink()


def exchange(keys: Path) -> None:
    key_id, key = new_key()
    write_ring(keys, Ring({key_id: key}))


@pytest.mark.parametrize(("harm", "sentence"), [(lose, "does not exist"), (exchange, "does not fit the database")])
def test_h84_without_the_right_key_the_server_does_not_start_and_says_why(
    ready: Program, harm: Callable[[Path], None], sentence: str
) -> None:
    (ready.data / "mail").write_text("in the way")  # so that the mail waits, sealed
    ready("users", "add", "otto", "--email", "otto@example.org")
    harm(ready.data / "keys")
    assert sentence in ready.refused("serve")
    status, out, _ = ready("doctor")
    assert (status, sentence in out) == (1, True)
