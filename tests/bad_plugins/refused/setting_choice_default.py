# SPDX-License-Identifier: MIT
"""Has a choice setting whose default is not offered."""

from ccm_core.plugin_api import SettingField, SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("size", "Size", "choice", "xl", choices=(("s", "Small"), ("m", "Medium"))),))
