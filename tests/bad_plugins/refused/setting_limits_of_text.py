# SPDX-License-Identifier: MIT
"""Has a text setting with limits."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("word", "Word", "text", "", minimum=1),))
