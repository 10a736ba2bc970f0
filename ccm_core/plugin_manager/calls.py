# SPDX-License-Identifier: MIT
"""One typed function per hook: the only place where a hook is called, each call in a try of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Protocol, TypeVar

import click
import pluggy

from ccm_core.errors import CcmError, PluginFailed, PluginRefused
from ccm_core.plugin_api import (
    Account,
    Challenge,
    Login,
    Page,
    PageRequest,
    Redirect,
    Refused,
    Reset,
    Route,
    Section,
    SignedIn,
    Verdict,
)
from ccm_core.plugin_manager import results
from ccm_core.plugin_manager.discovery import PluginRecord
from ccm_core.plugin_manager.faults import Fault, Report, by_a_person, describe_call
from ccm_core.plugin_manager.verification import VerificationPool

__all__ = ["FAILED", "Calls", "PluginFailed", "Sections", "call_pages", "call_settings"]

T = TypeVar("T")

Sections = tuple[tuple[str, tuple[Section, ...] | None], ...]
"""Plugin name and its sections, by name; None where the plugin failed and a note names it."""

FAILED = Refused("failed")
"""The verdict when a plugin could not judge: it raised, hung, was too busy, or gave anything but a verdict."""


class Plugins(Protocol):
    """What the calls need of the registry."""

    records: Mapping[str, PluginRecord]

    def implementation(self, name: str, hook: str) -> pluggy.HookImpl | None:
        """Return a plugin's implementation of a hook, or None; raises PluginRefused."""

    def may_implement(self, hook: str) -> bool:
        """Return False only if nobody can answer the hook."""


class Calls:
    """Calls the hooks of the plugins that it is given, so that what is not active cannot run.

    A failure is reported with the name of the plugin; what it means is decided per hook, as written in
    ``hookspecs.py``. Each plugin verifies in a pool of its own, so that one that hangs does not block another.
    """

    def __init__(
        self, registry: Plugins, report: Report, new_pool: Callable[[], VerificationPool] = VerificationPool
    ) -> None:
        self._registry = registry
        self._report = report
        self._pools = {name: new_pool() for name in registry.records}

    def login_challenge(self, plugin: str, login: Login) -> Challenge:
        """Ask for a challenge; raises PluginFailed when there is no usable one."""
        return self._call(plugin, "ccm_login_challenge", login, results.challenge)

    def verify(self, plugin: str, challenge: Challenge, answer: str, now: float) -> Verdict:
        """Return the plugin's verdict on an answer (``now`` in seconds since 1970), or ``FAILED``; never raises."""
        try:
            return results.verdict(self._pools[plugin].run(challenge.verify, answer, now))
        except Exception as error:  # noqa: BLE001 - whatever happens here, the answer has not passed
            self._report(Fault(plugin, "verify", describe_call(error)))
            return FAILED

    def account_sections(self, accounts: Mapping[str, Account]) -> Sections:
        """Ask each of the plugins for its part of the account page."""
        return self._sections("ccm_account_sections", accounts)

    def user_sections(self, subjects: Mapping[str, Account]) -> Sections:
        """Ask each of the plugins for its part of a user's page in the administration."""
        return self._sections("ccm_user_sections", subjects)

    def password_reset(self, plugin: str, reset: Reset) -> str | None:
        """Announce a new password; returns a sentence for the notice. Raises PluginFailed."""
        return self._call(plugin, "ccm_password_reset", reset, results.sentence)

    def signed_in(self, plugins: Iterable[str], event_for: Callable[[str], SignedIn | None]) -> None:
        """Tell the plugins of a sign-in, each by the event that ``event_for`` makes, None for no call. Never raises.

        ``plugins`` is not even iterated when nobody can listen, and ``event_for`` is asked for those alone that do: if
        these ask the database, that costs nothing else.
        """
        hook = "ccm_signed_in"
        if not self._registry.may_implement(hook):
            return
        for plugin in sorted(plugins):
            with suppress(PluginFailed):
                implementation = self._implementation(plugin, hook)
                if implementation is None:
                    continue
                with self._watched(plugin, hook):
                    event = event_for(plugin)
                    if event is not None:
                        results.nothing(plugin, _invoke(implementation, _own(event)))

    def commands(self, plugin: str) -> tuple[click.Command, ...]:
        """Return the plugin's console commands. Raises PluginFailed."""
        return self._call(plugin, "ccm_commands", None, results.commands)

    def view(self, plugin: str, route: Route, request: PageRequest) -> Page | Redirect:
        """Call the view of a page. Raises PluginFailed, and lets the host's own errors through.

        Those come from the host's services that the view has used, for example Throttled from ``confirm``: they are
        the host's answer, not a failure of the plugin.
        """
        try:
            return results.page_or_redirect(plugin, route.view(request))
        except CcmError:
            raise
        except BaseException as error:
            if by_a_person(error):
                raise
            raise self._failure(plugin, "view", f"{route.method} {route.path}: {describe_call(error)}") from None

    def failed(self, plugin: str, hook: str, error: BaseException) -> PluginFailed:
        """Report what went wrong around a call, for example while its template was drawn; returns what to raise.

        ``hook`` says where, such as ``drawing``. An error of the host's own is told in its words.
        """
        return self._failure(plugin, hook, str(error) if isinstance(error, CcmError) else describe_call(error))

    def _sections(self, hook: str, accounts: Mapping[str, Account]) -> Sections:
        found: list[tuple[str, tuple[Section, ...] | None]] = []
        for plugin, account in sorted(accounts.items()):
            try:
                found.append((plugin, self._call(plugin, hook, account, results.sections)))
            except PluginFailed:
                found.append((plugin, None))
        return tuple(found)

    def _call(self, plugin: str, hook: str, argument: object, check: Callable[[str, object], T]) -> T:
        """Call one hook of one plugin and check its answer, None if it has no such hook; raises PluginFailed."""
        implementation = self._implementation(plugin, hook)
        with self._watched(plugin, hook):
            return check(plugin, None if implementation is None else _invoke(implementation, _own(argument)))

    def _implementation(self, plugin: str, hook: str) -> pluggy.HookImpl | None:
        try:
            return self._registry.implementation(plugin, hook)
        except PluginRefused as refused:
            if plugin not in self._registry.records:  # else the registry has reported it
                self._report(Fault(plugin, hook, str(refused)))
            raise PluginFailed(plugin, hook, refused.message, **refused.values) from None

    @contextmanager
    def _watched(self, plugin: str, hook: str) -> Iterator[None]:
        """Report whatever is raised inside, and raise PluginFailed in its place."""
        try:
            yield
        except BaseException as error:
            if by_a_person(error):
                raise
            raise self._failure(plugin, hook, describe_call(error)) from None

    def _failure(self, plugin: str, hook: str, reason: str) -> PluginFailed:
        self._report(Fault(plugin, hook, reason))
        return PluginFailed(
            plugin, hook, "The plugin %(name)s failed in %(call)s: %(reason)s.", call=hook, reason=reason
        )


def call_pages(implementations: Mapping[str, pluggy.HookImpl]) -> object:
    """Return what a plugin that is being loaded answers for its pages, unchecked; raises what it raises."""
    implementation = implementations.get("ccm_pages")
    return None if implementation is None else _invoke(implementation)


def call_settings(implementations: Mapping[str, pluggy.HookImpl]) -> object:
    """Return what a plugin that is being loaded answers for its settings, unchecked; raises what it raises."""
    implementation = implementations.get("ccm_settings")
    return None if implementation is None else _invoke(implementation)


def _own(value: object) -> object:
    """Return a copy of what several plugins get: what one changes in it by force does not reach the next one."""
    if isinstance(value, Account | Reset | SignedIn):
        return replace(value, user=replace(value.user))
    return value


def _invoke(implementation: pluggy.HookImpl, *arguments: object) -> object:
    """Call an implementation, which may leave the argument out."""
    return implementation.function(*arguments[: len(implementation.argnames)])
