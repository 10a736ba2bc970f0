# SPDX-License-Identifier: MIT
"""Imports and validates one plugin; a plugin that breaks a rule is refused with the reason."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from werkzeug.routing import Map

from ccm_core.errors import PluginRefused
from ccm_core.plugin_api import Route, SettingsForm
from ccm_core.plugin_manager.calls import call_pages, call_settings
from ccm_core.plugin_manager.discovery import PluginRecord
from ccm_core.plugin_manager.faults import by_a_person, describe_load
from ccm_core.plugin_manager.folders import digest, find_folder, home_of
from ccm_core.plugin_manager.implementations import find_implementations, notes_on
from ccm_core.plugin_manager.routes import check_routes, url_map
from ccm_core.plugin_manager.settings_form import check_settings


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPlugin:
    """A plugin that keeps every rule.

    ``module`` is the object with the hooks (a module, or what the entry point names in it). Endpoints of
    ``url_map`` are indices into ``routes``. The folders lie beside the plugin's module; None if there is none.
    """

    record: PluginRecord
    module: object
    hooks: frozenset[str]
    routes: tuple[Route, ...]
    url_map: Map
    settings: SettingsForm | None
    templates: Path | None
    translations: Path | None
    static: Path | None
    static_hash: str

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for its author: it works, but something that it uses will go."""
        return notes_on(self.hooks)

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.record.name


def load(record: PluginRecord) -> LoadedPlugin:
    """Import and validate the plugin of a record; raises PluginRefused with the reason.

    Whatever the plugin raises on the way, SystemExit included, becomes a reason.
    """
    name = record.name
    if record.problem is not None:
        raise PluginRefused(name, "%(reason)s", reason=record.problem)
    with _refusing(name, f"its import from {record.target}"):
        module, plugin = _import(record.target)
    with _refusing(name, "the check of its hooks"):
        implementations = find_implementations(name, plugin)
    with _refusing(name, "its pages"):
        routes = check_routes(name, call_pages(implementations))
        rules = url_map(name, routes)
    with _refusing(name, "its settings"):
        settings = check_settings(name, call_settings(implementations))
    with _refusing(name, "its files"):
        home = home_of(module)
        static = find_folder(name, home, "static")
        return LoadedPlugin(
            record=record,
            module=plugin,
            hooks=frozenset(implementations),
            routes=routes,
            url_map=rules,
            settings=settings,
            templates=find_folder(name, home, "templates"),
            translations=find_folder(name, home, "translations"),
            static=static,
            static_hash=digest(static),
        )


def _import(target: str) -> tuple[ModuleType, object]:
    """Return the module and the object that an entry point names."""
    name, _, path = target.partition(":")
    module = importlib.import_module(name)
    return module, operator.attrgetter(path)(module) if path else module


@contextmanager
def _refusing(name: str, stage: str) -> Iterator[None]:
    try:
        yield
    except PluginRefused:
        raise
    except BaseException as error:  # SystemExit, and whatever else a plugin may raise, must not end the host
        if by_a_person(error):
            raise
        raise PluginRefused(
            name, "The plugin %(name)s failed in %(stage)s: %(reason)s.", stage=stage, reason=describe_load(error)
        ) from error
