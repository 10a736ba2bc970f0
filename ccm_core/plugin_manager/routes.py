# SPDX-License-Identifier: MIT
"""The rules for a plugin's pages, and the map in which the host looks them up."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import TypeGuard

from werkzeug.routing import Map, Rule

from ccm_core.errors import PluginRefused
from ccm_core.plugin_api import Route

_METHODS = ("GET", "POST")
_PATH = re.compile(r"[^\\?#\x00-\x20\x7f]*")
_VARIABLE_NAME = re.compile(r"\w+>")


def check_routes(name: str, answer: object) -> tuple[Route, ...]:
    """Return what ``ccm_pages`` answered as routes; raises PluginRefused when one breaks a rule."""
    if answer is None:
        return ()
    if not _is_list(answer):
        raise PluginRefused(
            name, "The plugin %(name)s answers ccm_pages with something else than a list of Route objects."
        )
    seen: set[tuple[str, str]] = set()
    for route in answer:
        _check_route(name, route)
        rule = (route.method, _VARIABLE_NAME.sub(">", route.path))
        if rule in seen:
            raise PluginRefused(
                name,
                "The plugin %(name)s has two pages for %(method)s %(path)s: keep one.",
                method=route.method,
                path=repr(route.path),
            )
        seen.add(rule)
    return tuple(answer)


def url_map(name: str, routes: Sequence[Route]) -> Map:
    """Return the map of the routes: endpoints are their indices, and matching never redirects.

    Raises PluginRefused for a path that werkzeug cannot read.
    """
    found = Map(strict_slashes=False, merge_slashes=False, redirect_defaults=False)
    for index, route in enumerate(routes):
        try:
            found.add(Rule(f"/{route.path}", endpoint=index, methods=[route.method]))
        except (LookupError, TypeError, ValueError) as error:
            raise _bad_path(name, route.path, str(error)) from error
    return found


def _is_list(answer: object) -> TypeGuard[Sequence[Route]]:
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes):
        return False
    return all(type(route) is Route for route in answer)


def _check_route(name: str, route: Route) -> None:
    if route.method not in _METHODS:
        raise PluginRefused(
            name,
            "A page of the plugin %(name)s has the method %(method)s: only GET and POST are served.",
            method=repr(route.method),
        )
    if not isinstance(route.path, str):
        raise _bad_path(name, route.path, "it is no text")
    if route.path.startswith("/"):
        raise _bad_path(name, route.path, "it is relative to the plugin's own address and starts without a slash")
    parts = route.path.split("/")
    if not _PATH.fullmatch(route.path) or {".", ".."} & set(parts) or "" in parts[:-1]:
        raise _bad_path(name, route.path, "it may hold no blank, backslash, ?, #, empty part, '.' or '..'")
    _check_view(name, route)


def _check_view(name: str, route: Route) -> None:
    """Refuse a view that could not be called with the request alone."""
    problem = None
    if not callable(route.view):
        problem = "cannot be called"
    elif inspect.iscoroutinefunction(route.view):
        problem = "is async"
    else:
        try:
            inspect.signature(route.view).bind(object())
        except (TypeError, ValueError):
            problem = "does not take one argument"
    if problem is not None:
        raise PluginRefused(
            name,
            "The view of the page %(path)s of the plugin %(name)s %(problem)s: give a plain function of the request.",
            path=repr(route.path),
            problem=problem,
        )


def _bad_path(name: str, path: object, problem: str) -> PluginRefused:
    return PluginRefused(
        name,
        "The plugin %(name)s has a page with the path %(path)s: %(problem)s.",
        path=repr(path),
        problem=problem,
    )
