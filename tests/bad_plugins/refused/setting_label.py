# SPDX-License-Identifier: MIT
"""Has a setting without a label."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("digits", "", "integer", 6),))
