# SPDX-License-Identifier: MIT
"""Has two settings of one name."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm(
        (
            SettingField("digits", "Digits", "integer", 6),
            SettingField("digits", "More digits", "integer", 8),
        )
    )
