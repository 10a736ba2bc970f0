# SPDX-License-Identifier: MIT
"""The rules for the settings form of a plugin."""

from __future__ import annotations

from ccm_core.errors import PluginRefused
from ccm_core.plugin_api import SettingField, SettingsForm

_KINDS: dict[str, type] = {"text": str, "integer": int, "boolean": bool, "choice": str}


def check_settings(name: str, answer: object) -> SettingsForm | None:
    """Return what ``ccm_settings`` answered as a form; raises PluginRefused when a field breaks a rule."""
    if answer is None:
        return None
    if type(answer) is not SettingsForm or not isinstance(answer.fields, tuple):
        raise PluginRefused(
            name, "The plugin %(name)s answers ccm_settings with something else than a SettingsForm of a tuple."
        )
    seen: set[str] = set()
    for field in answer.fields:
        problem = "it is no SettingField" if type(field) is not SettingField else _problem(field, seen)
        if problem is not None:
            raise PluginRefused(
                name,
                "The setting %(setting)s of the plugin %(name)s cannot be used: %(problem)s.",
                setting=repr(getattr(field, "name", field)),
                problem=problem,
            )
        seen.add(field.name)
    return answer


def _problem(field: SettingField, seen: set[str]) -> str | None:
    if not _is_name(field.name):
        return "its name must be an identifier in ASCII"
    if field.name in seen:
        return "its name is used twice"
    if not field.label or not _are_texts(field.label, field.help):
        return "label and help must be texts, the label not empty"
    if field.kind not in _KINDS:
        return f"the kind {field.kind!r} is not one of {', '.join(_KINDS)}"
    if type(field.default) is not _KINDS[field.kind]:
        return f"the default {field.default!r} does not fit the kind {field.kind}"
    return _choice_problem(field) or _range_problem(field)


def _choice_problem(field: SettingField) -> str | None:
    if field.kind != "choice":
        return "only the kind choice has choices" if field.choices else None
    if not _are_pairs(field.choices):
        return "its choices must be a tuple of pairs of value and label"
    values = [value for value, _ in field.choices]
    if len(set(values)) < len(values):
        return "a choice is named twice"
    return None if field.default in values else f"the default {field.default!r} is not among its choices"


def _range_problem(field: SettingField) -> str | None:
    bounds = [bound for bound in (field.minimum, field.maximum) if bound is not None]
    if not bounds:
        return None
    if field.kind != "integer" or any(type(bound) is not int for bound in bounds):
        return "minimum and maximum are whole numbers and only for the kind integer"
    assert isinstance(field.default, int)
    lowest = field.default if field.minimum is None else field.minimum
    highest = field.default if field.maximum is None else field.maximum
    return None if lowest <= field.default <= highest else f"the default {field.default} is outside its limits"


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isidentifier()


def _are_texts(*values: object) -> bool:
    """Whether they are plain texts: markup would not be escaped in the host's form."""
    return all(type(value) is str for value in values)


def _are_pairs(choices: object) -> bool:
    return isinstance(choices, tuple) and all(
        isinstance(choice, tuple) and len(choice) == 2 and _are_texts(*choice) for choice in choices
    )
