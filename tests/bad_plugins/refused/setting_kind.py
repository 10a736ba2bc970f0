# SPDX-License-Identifier: MIT
"""Has a setting of a kind that does not exist."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("colour", "Colour", "colour", "red"),))
