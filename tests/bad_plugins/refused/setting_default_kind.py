# SPDX-License-Identifier: MIT
"""Has a number setting whose default is a truth value."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("digits", "Digits", "integer", True),))
