# SPDX-License-Identifier: MIT
"""Plugin settings per instance: checking what was typed, and filling in defaults."""

from __future__ import annotations

from collections.abc import Mapping

from ccm_core.errors import InputError
from ccm_core.plugin_api import SettingField, SettingsForm

TEXT_LENGTH = 200


def checked_settings(form: SettingsForm, typed: Mapping[str, str]) -> dict[str, object]:
    """Return the values of a settings form; raises InputError naming the first field that is not acceptable."""
    for field in form.fields:
        if field.name not in typed and field.kind != "boolean":  # browsers leave out a box that is not ticked
            raise InputError(field.name, "Please fill in this field.")
    return {field.name: _checked(field, typed.get(field.name, "")) for field in form.fields}


def effective_settings(form: SettingsForm | None, kept: Mapping[str, object]) -> dict[str, object]:
    """Return kept values with defaults for what was never saved; names that the plugin no longer has are left out."""
    return {field.name: kept.get(field.name, field.default) for field in (form.fields if form else ())}


def _checked(field: SettingField, text: str) -> object:
    value = text.strip()
    if field.kind == "boolean":
        return bool(value)
    if field.kind == "choice":
        if value not in {choice for choice, _ in field.choices}:
            raise InputError(field.name, "Please choose one of the values.")
        return value
    if field.kind == "text":
        if len(value) > TEXT_LENGTH or not value.isprintable():
            raise InputError(
                field.name, "At most %(count)d characters, without control characters, please.", count=TEXT_LENGTH
            )
        return value
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise InputError(field.name, "Please enter a whole number.")
    number = int(value)
    low, high = field.minimum, field.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise InputError(field.name, "Please enter a number from %(low)s to %(high)s.", low=low or 0, high=high or "…")
    return number
