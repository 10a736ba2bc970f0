# SPDX-License-Identifier: MIT
"""Has a choice setting whose choices have no labels."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("size", "Size", "choice", "s", choices=("s", "m")),))
