# SPDX-License-Identifier: MIT
"""Which settings a plugin may have, field by field."""

import pytest

from ccm_core.errors import PluginRefused
from ccm_core.plugin_api import SettingField, SettingsForm
from ccm_core.plugin_manager.settings_form import check_settings

SIZES = (("s", "Small"), ("m", "Medium"))


@pytest.mark.parametrize(
    "field",
    [
        SettingField("greeting", "Greeting", "text", ""),
        SettingField("strict", "Strict", "boolean", False, help="What it does"),
        SettingField("size", "Size", "choice", "m", choices=SIZES),
        SettingField("digits", "Digits", "integer", 6),
        SettingField("digits", "Digits", "integer", 6, minimum=6),
        SettingField("digits", "Digits", "integer", 6, maximum=6),
        SettingField("digits", "Digits", "integer", 0, minimum=-1, maximum=1),
    ],
)
def test_a_field_that_makes_sense_is_taken(field: SettingField) -> None:
    form = SettingsForm((field,))
    assert check_settings("x", form) is form


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (SettingField(7, "Label", "text", ""), "identifier"),
        (SettingField("größe", "Label", "text", ""), "identifier"),
        (SettingField("", "Label", "text", ""), "identifier"),
        (SettingField("name", 7, "text", ""), "label and help"),
        (SettingField("name", "Label", "text", "", help=None), "label and help"),
        (SettingField("name", "Label", "text", 7), "the default 7 does not fit the kind text"),
        (SettingField("name", "Label", "boolean", 1), "the default 1 does not fit the kind boolean"),
        (SettingField("name", "Label", "choice", "s"), "the default 's' is not among its choices"),
        (SettingField("name", "Label", "choice", "s", choices=list(SIZES)), "pairs"),
        (SettingField("name", "Label", "choice", "s", choices=(["s", "Small"],)), "pairs"),
        (SettingField("name", "Label", "choice", "s", choices=(("s", "Small", "x"),)), "pairs"),
        (SettingField("name", "Label", "choice", "s", choices=(("s", 1),)), "pairs"),
        (SettingField("name", "Label", "integer", 5, minimum=6), "the default 5 is outside its limits"),
        (SettingField("name", "Label", "integer", 5, maximum=4), "the default 5 is outside its limits"),
        (SettingField("name", "Label", "integer", 5, minimum="4"), "whole numbers"),
        (SettingField("name", "Label", "integer", 5, maximum=True), "whole numbers"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(field: SettingField, reason: str) -> None:
    with pytest.raises(PluginRefused, match=reason):
        check_settings("x", SettingsForm((field,)))


def test_a_plugin_without_settings_has_no_form() -> None:
    assert check_settings("x", None) is None
