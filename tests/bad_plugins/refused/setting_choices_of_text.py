# SPDX-License-Identifier: MIT
"""Has a text setting with choices."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("size", "Size", "text", "s", choices=(("s", "Small"),)),))
