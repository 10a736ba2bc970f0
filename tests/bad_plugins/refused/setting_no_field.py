# SPDX-License-Identifier: MIT
"""Has a setting that is no field."""

from ccm_core.plugin_api import SettingsForm, hookimpl


@hookimpl
def ccm_settings():
    return SettingsForm((("digits", 6),))
