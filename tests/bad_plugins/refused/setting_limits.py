# SPDX-License-Identifier: MIT
"""Has a number setting whose default is outside its limits."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("digits", "Digits", "integer", 9, minimum=6, maximum=8),))
