# SPDX-License-Identifier: MIT
"""Lets one hook of a plugin fail after the other, and says where that costs more than the documentation promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from ccm_core.errors import PluginFailed, PluginRefused
from ccm_core.plugin_api import hookimpl
from ccm_core.plugin_manager.loading import load
from ccm_core.services.parts import Parts
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from ccm_core.testing.links import link_in

NOTE = "could not show its part"
TOLD = "a text that nobody may read"
NEW_PASSWORD = "an altogether different staple"  # noqa: S105 - of made-up users


@dataclass(frozen=True)
class Case:
    """An instance in which a plugin is active, with the user erika, and one hook that is to fail.

    ``use`` is what a user does with the plugin, in a browser that is signed in.
    """

    tenant: Tenant
    serving: Parts
    plugin: str
    hook: str
    use: Callable[[Browser], object]

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Let the hook raise until the block ends."""
        implementation = self.serving.registry.implementation(self.plugin, self.hook)
        assert implementation is not None
        function = implementation.function
        object.__setattr__(implementation, "function", _raise)
        try:
            yield
        finally:
            object.__setattr__(implementation, "function", function)


def broken_hooks(tenant: Tenant, plugin: str, use: Callable[[Browser], object]) -> list[str]:
    """Return a sentence for each hook whose failure costs more, or less, than it should."""
    serving = tenant.host.serving
    if serving is None:
        raise AssertionError("Hooks can be made to fail only in a host that runs in this process.")
    hooks = sorted(serving.registry.get(plugin).hooks)
    cases = [Case(tenant, serving, plugin, hook, use) for hook in hooks]
    return [f"{case.hook}: {wrong}" for case in cases for wrong in _CHECKS[case.hook](case)]


def _raise(*_arguments: object, **_named: object) -> NoReturn:
    raise RuntimeError(TOLD)


def _at_load(case: Case) -> list[str]:
    loaded = case.serving.registry.get(case.plugin)
    module: Any = loaded.module
    before = getattr(module, case.hook)

    @hookimpl
    def fails() -> None:
        raise RuntimeError("at load")

    setattr(module, case.hook, fails)
    try:
        load(loaded.record)
    except PluginRefused:
        return []
    finally:
        setattr(module, case.hook, before)
    return ["the plugin is loaded although it failed"]


def _sections(case: Case) -> list[str]:
    with case.failing():
        page = case.tenant.browser("erika").get("/account")
    return [] if _told_once(page.text) else ["the account page has no note, or more than one"]


def _user_sections(case: Case) -> list[str]:
    users = case.tenant.host.parts.users
    if users.find(case.tenant.instance, "admin") is None:
        case.tenant.add_user("admin", admin=True)
    erika = users.find(case.tenant.instance, "erika")
    assert erika is not None
    with case.failing():
        page = case.tenant.browser("admin").get(f"/admin/users/{erika.id}")
    return [] if _told_once(page.text) else ["the page of a user has no note, or more than one"]


def _signed_in(case: Case) -> list[str]:
    name = _another(case.tenant)
    with case.failing():
        browser = case.tenant.browser(name)
        page = browser.get("/account")
    if browser.path != "/account":
        return ["a user cannot sign in"]
    return ["the account page fails afterwards"] if NOTE in page.text else []


def _password_reset(case: Case) -> list[str]:
    name, browser = _another(case.tenant), case.tenant.browser()
    case.use(case.tenant.browser(name))
    with case.failing():
        browser.get("/password/forgot")
        browser.submit("/password/forgot", username=name)
        link = link_in(case.tenant.mails(name)[-1])
        browser.get(link)
        browser.submit(link, new_password=NEW_PASSWORD, repeat_password=NEW_PASSWORD)
    back = case.tenant.browser(name, NEW_PASSWORD)
    return [] if back.path == "/" else ["the reset does not let its user in again"]


def _login_challenge(case: Case) -> list[str]:
    name, found = _another(case.tenant), []
    case.use(case.tenant.browser(name))
    with case.failing():
        if case.tenant.browser(name).session()["state"] != "none":
            found.append("a protected user signs in without a proof")
        if case.tenant.browser(_another(case.tenant)).path != "/":
            found.append("a user without this factor cannot sign in")
    return found


def _commands(case: Case) -> list[str]:
    with case.failing():
        try:
            case.serving.calls.commands(case.plugin)
        except PluginFailed as failed:
            return ["the sentence repeats what was raised"] if TOLD in str(failed) else []
    return ["the console goes on"]


_CHECKS: dict[str, Callable[[Case], list[str]]] = {
    "ccm_account_sections": _sections,
    "ccm_commands": _commands,
    "ccm_login_challenge": _login_challenge,
    "ccm_pages": _at_load,
    "ccm_password_reset": _password_reset,
    "ccm_settings": _at_load,
    "ccm_signed_in": _signed_in,
    "ccm_user_sections": _user_sections,
}


def _told_once(text: str) -> bool:
    return text.count(NOTE) == 1 and TOLD not in text


def _another(tenant: Tenant) -> str:
    """Add a user whom no other failure has met."""
    number = 1
    while tenant.host.parts.users.find(tenant.instance, f"otto{number}") is not None:
        number += 1
    tenant.add_user(f"otto{number}")
    return f"otto{number}"
