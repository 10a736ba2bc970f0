# SPDX-License-Identifier: MIT
"""The plugins of one process: what is installed, what is loaded, what failed to load."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from threading import Lock
from types import MappingProxyType

import pluggy

from ccm_core.errors import PluginRefused
from ccm_core.plugin_manager.discovery import PluginRecord
from ccm_core.plugin_manager.faults import Fault, Report
from ccm_core.plugin_manager.implementations import new_manager
from ccm_core.plugin_manager.loading import LoadedPlugin, load

__all__ = ["Fault", "Registry"]


class Registry:
    """Loads each installed plugin at most once, when it is first needed; safe for threads.

    A failure to load is reported once and remembered, so that a broken plugin costs nothing, until ``retry``.
    """

    def __init__(self, records: Mapping[str, PluginRecord], report: Report) -> None:
        self.records: Mapping[str, PluginRecord] = MappingProxyType(dict(records))
        self._report = report
        self._manager = new_manager()
        self._registering = Lock()
        self._locks = {name: Lock() for name in self.records}
        self._loaded: dict[str, LoadedPlugin] = {}
        self._implementations: dict[str, Mapping[str, pluggy.HookImpl]] = {}
        self._failures: dict[str, PluginRefused] = {}
        self._retries: dict[str, int] = {}

    def get(self, name: str) -> LoadedPlugin:
        """Return a plugin, loading it if need be; raises PluginRefused with the reason why it cannot be used.

        A name that is not installed is neither reported nor remembered: it may come from an address.
        """
        loaded = self._loaded.get(name)
        if loaded is not None:
            return loaded
        if name not in self.records:
            raise PluginRefused(name, "The plugin %(name)s is not installed.")
        fresh = False
        with self._locks[name]:
            failure = self._failures.get(name)
            if failure is None and name not in self._loaded:
                try:
                    self._loaded[name] = self._load(self.records[name])
                except PluginRefused as refused:
                    # A copy: the original's traceback keeps the plugin's frames alive.
                    self._failures[name] = failure = PluginRefused(name, refused.message, **refused.values)
                    fresh = True
        if failure is None:
            return self._loaded[name]
        if fresh:
            self._report(Fault(name, "", str(failure)))
        raise PluginRefused(name, failure.message, **failure.values)

    def retry(self, name: str, number: int) -> None:
        """Forget a remembered failure when an administrator asked for a retry with a higher number than before."""
        if name not in self.records or number <= self._retries.get(name, 0):
            return
        with self._locks[name]:
            if number > self._retries.get(name, 0):
                self._retries[name] = number
                self._failures.pop(name, None)
                importlib.invalidate_caches()

    def failed(self) -> Collection[str]:
        """Return the plugins of which a failure to load is remembered."""
        return self._failures.keys()

    def loaded(self) -> tuple[LoadedPlugin, ...]:
        """Return the plugins that were loaded so far, by name."""
        return tuple(plugin for _, plugin in sorted(self._loaded.copy().items()))

    def implementation(self, name: str, hook: str) -> pluggy.HookImpl | None:
        """Return the plugin's implementation of a hook, or None; raises PluginRefused like ``get``."""
        self.get(name)
        return self._implementations[name].get(hook)

    def may_implement(self, hook: str) -> bool:
        """Return False only if no installed plugin can answer a hook, so that the question needs no query.

        A plugin that was not loaded yet may.
        """
        loaded = self._loaded
        return any(name not in loaded or hook in loaded[name].hooks for name in self.records)

    def _load(self, record: PluginRecord) -> LoadedPlugin:
        plugin = load(record)
        with self._registering:
            try:
                self._manager.register(plugin.module, record.name)
                callers = self._manager.get_hookcallers(plugin.module) or ()
            except Exception as error:  # pluggy compares plugin objects, and their own __eq__ may do anything
                raise PluginRefused(
                    record.name,
                    "The object of the plugin %(name)s equals another plugin's or cannot be compared: give it its own.",
                ) from error
        self._implementations[record.name] = {
            caller.name: found
            for caller in callers
            for found in caller.get_hookimpls()
            if found.plugin_name == record.name
        }
        return plugin
