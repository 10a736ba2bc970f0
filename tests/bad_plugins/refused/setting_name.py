# SPDX-License-Identifier: MIT
"""Has a setting whose name is no identifier."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("two words", "Words", "text", ""),))
