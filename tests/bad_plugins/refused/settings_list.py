# SPDX-License-Identifier: MIT
"""Gives the fields of its settings as a list."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm([SettingField("digits", "Digits", "integer", 6)])
