# SPDX-License-Identifier: MIT
"""The rules for hook implementations: finds those of one plugin object and refuses the ones that break a rule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import ModuleType

import pluggy

from ccm_core.errors import PluginRefused
from ccm_core.plugin_api import hookspecs

HOOKS: Mapping[str, Callable[..., object]] = {
    name: value for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")
}
"""Every hook by name."""

_MARK = f"{hookspecs.PROJECT}_impl"
_OPTIONS = ("wrapper", "hookwrapper", "tryfirst", "trylast", "optionalhook", "specname")


def new_manager() -> pluggy.PluginManager:
    """Return a pluggy manager that knows every hook and no plugin."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def find_implementations(name: str, plugin: object) -> dict[str, pluggy.HookImpl]:
    """Return the implementations of a plugin object by hook; raises PluginRefused when one breaks a rule.

    The object is registered in a throw-away manager that knows no hook yet, so that our own sentences come before
    pluggy's; then the hooks are added and pluggy judges too.
    """
    _check_object(name, plugin)
    for attribute, value in _attributes(plugin):
        _check_mark(name, attribute, value)
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.register(plugin, name)
    found: dict[str, pluggy.HookImpl] = {}
    for caller in manager.get_hookcallers(plugin) or ():
        implementations = caller.get_hookimpls()
        if len(implementations) > 1:
            functions = " and ".join(sorted(implementation.function.__name__ for implementation in implementations))
            raise PluginRefused(
                name,
                "The plugin %(name)s implements the hook %(hook)s more than once, in %(functions)s: keep one.",
                hook=caller.name,
                functions=functions,
            )
        _check_implementation(name, caller.name, implementations[0])
        found[caller.name] = implementations[0]
    if not found:
        raise PluginRefused(
            name,
            "The plugin %(name)s implements no hook: mark its ccm_… functions with @hookimpl and name their module.",
        )
    try:
        manager.add_hookspecs(hookspecs)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginRefused(name, "The plugin %(name)s is not valid: %(reason)s", reason=str(error)) from error
    return found


def notes_on(hooks: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for the plugin's author for each of its hooks that will go."""
    found = [(hook, hookspecs.AGEING[hook]) for hook in sorted(hooks) if hook in hookspecs.AGEING]
    return tuple(
        f"The hook {hook} will be gone in ccm-core {ageing.gone_in}: {ageing.instead}." for hook, ageing in found
    )


def _check_object(name: str, plugin: object) -> None:
    """Refuse what pluggy cannot keep: it needs an object of its own, and hashes it."""
    if inspect.isclass(plugin):
        raise PluginRefused(
            name,
            "The entry point of the plugin %(name)s names the class %(found)s: name a module or an instance.",
            found=plugin.__name__,
        )
    try:
        hash(plugin)
    except TypeError:
        raise PluginRefused(
            name,
            "The object that the plugin %(name)s names cannot be hashed: give its class %(found)s no __eq__, "
            "or a __hash__ too.",
            found=type(plugin).__name__,
        ) from None


def _attributes(plugin: object) -> Iterator[tuple[str, object]]:
    """Yield what the object holds, without running a property."""
    for attribute in dir(plugin):
        yield attribute, inspect.getattr_static(plugin, attribute, None)


def _check_mark(name: str, attribute: str, value: object) -> None:
    """Refuse a hook that pluggy would pass over in silence: without the mark, or no plain function."""
    function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    marked = any(inspect.getattr_static(holder, _MARK, None) is not None for holder in (value, function))
    if inspect.isfunction(function):
        if attribute.startswith(f"{hookspecs.PROJECT}_") and not marked:
            raise PluginRefused(
                name,
                "The function %(function)s of the plugin %(name)s is named like a hook but not marked: "
                "put @hookimpl above it, or rename it.",
                function=attribute,
            )
    elif marked or (attribute in HOOKS and not isinstance(value, ModuleType)):
        raise PluginRefused(
            name,
            "%(function)s of the plugin %(name)s is a %(found)s: a hook is implemented by a plain function.",
            function=attribute,
            found=type(value).__name__,
        )


def _check_implementation(name: str, hook: str, implementation: pluggy.HookImpl) -> None:
    function = inspect.unwrap(implementation.function)
    for option in _OPTIONS:
        if implementation.opts.get(option):
            raise PluginRefused(
                name,
                "The function %(function)s of the plugin %(name)s uses the option %(option)s: "
                "name it after its hook and mark it with a plain @hookimpl.",
                function=implementation.function.__name__,
                option=option,
            )
    if hook in hookspecs.GONE:
        raise PluginRefused(
            name,
            "The plugin %(name)s implements %(function)s, which is gone since ccm-core %(gone)s: %(instead)s.",
            function=hook,
            gone=hookspecs.GONE[hook].gone_in,
            instead=hookspecs.GONE[hook].instead,
        )
    if hook not in HOOKS:
        near = get_close_matches(hook, HOOKS, n=1)
        raise PluginRefused(
            name,
            "The plugin %(name)s implements %(function)s, which is no hook. Use one of: %(hooks)s.",
            function=hook,
            hooks=", ".join(near or sorted(HOOKS)),
        )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginRefused(
            name, "The function %(function)s of the plugin %(name)s is async: make it a plain function.", function=hook
        )
    if inspect.isgeneratorfunction(function):
        raise PluginRefused(
            name,
            "The function %(function)s of the plugin %(name)s is a generator: return a list instead of using yield.",
            function=hook,
        )
    _check_arguments(name, hook, implementation)


def _check_arguments(name: str, hook: str, implementation: pluggy.HookImpl) -> None:
    """Refuse arguments that pluggy would leave at their default, or call wrongly."""
    given = list(inspect.signature(HOOKS[hook]).parameters)
    for parameter in inspect.signature(implementation.function).parameters.values():
        plain = parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        if not plain or parameter.default is not parameter.empty:
            raise PluginRefused(
                name,
                "The function %(function)s of the plugin %(name)s has the argument %(argument)s: "
                "only plain arguments without a default, without * and ** are passed.",
                function=hook,
                argument=str(parameter),
            )
        if parameter.name not in given:
            raise PluginRefused(
                name,
                "The function %(function)s of the plugin %(name)s has the argument %(argument)s, "
                "which this hook does not pass. It passes: %(given)s.",
                function=hook,
                argument=parameter.name,
                given=", ".join(given) or "nothing",
            )
