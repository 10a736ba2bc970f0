# SPDX-License-Identifier: MIT
"""The plugin as the host finds and calls it."""

import ast
from importlib.metadata import entry_points, requires
from pathlib import Path
from typing import Any

import pluggy
import pytest

from ccm_core.plugin_api import Account, Enrolment, Login, Passed, Purpose, Reset, Store, User, hookspecs
from ccm_twofactor import plugin


def hooks_in(module: Any) -> list[str]:
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("ccm_")]


def test_the_entry_point_alone_leads_to_the_plugin() -> None:
    (found,) = entry_points(group="ccm.plugins", name="twofactor")
    assert found.load() is plugin
    assert found.dist is not None
    assert (found.dist.name, found.dist.version) == ("ccm-twofactor", "1.0.0")
    assert "ccm-core<2,>=1" in (requires("ccm-twofactor") or [])


def test_every_hook_fits_its_specification() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    callers = manager.get_hookcallers(plugin) or []
    assert {caller.name for caller in callers} == set(hooks_in(plugin))


def test_the_hooks_stand_in_the_order_of_their_specifications() -> None:
    assert hooks_in(plugin) == [name for name in hooks_in(hookspecs) if name != "ccm_signed_in"]


@pytest.mark.parametrize(
    ("purpose", "template"),
    [("login", "code"), ("confirmation", "field"), ("setup", "field"), ("removal", "field")],
)
def test_a_challenge_verifies_for_every_purpose(erika: User, purpose: Purpose, template: str) -> None:
    enrolment = Enrolment(3, "Smartphone app", b"12345678901234567890", counter=0, confirmed=purpose != "setup")
    challenge = plugin.ccm_login_challenge(Login(purpose, erika, (enrolment,)))
    assert challenge.template == f"plugins/twofactor/{template}.html"
    assert challenge.state == b""
    assert challenge.verify("287082", 59.0) == Passed(3, counter=1)
    assert challenge.verify("287083", 59.0) != Passed(3, counter=1)


@pytest.mark.parametrize(
    ("enrolled", "allowed", "sections"), [(True, True, 1), (True, False, 1), (False, True, 1), (False, False, 0)]
)
def test_the_account_section_is_for_who_is_allowed_or_enrolled(
    erika: User, no_store: Store, enrolled: bool, allowed: bool, sections: int
) -> None:
    account = Account(erika, enrolled=enrolled, allowed=allowed, store=no_store)
    found = plugin.ccm_account_sections(account)
    assert len(found) == sections
    assert {section.title for section in found} <= {"2-factor authentication"}


def test_a_password_reset_clears_the_enrolment_and_says_so(erika: User) -> None:
    cleared: list[bool] = []
    sentence = plugin.ccm_password_reset(Reset(erika, clear=lambda: cleared.append(True)))
    assert cleared == [True]
    assert sentence.startswith("2-factor authentication with the smartphone app was removed as well.")


def test_whatever_shows_the_secret_or_changes_the_factor_needs_a_recent_login() -> None:
    assert [(route.method, route.path, route.recent_login) for route in plugin.ccm_pages()] == [
        ("POST", "setup/begin", True),
        ("GET", "setup", True),
        ("POST", "setup", False),
        ("GET", "disable", True),
        ("POST", "disable", True),
    ]


def test_the_name_shown_in_the_app_is_the_one_setting() -> None:
    (field,) = plugin.ccm_settings().fields
    assert (field.name, field.label, field.kind, field.default) == ("issuer", "Name shown in the app", "text", "")
