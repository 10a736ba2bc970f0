# SPDX-License-Identifier: MIT
"""Draws a template of another plugin in its section."""

from ccm_core.plugin_api import Section, hookimpl


@hookimpl
def ccm_account_sections(account):
    return [Section("Title", "plugins/twofactor/section.html")]


@hookimpl
def ccm_user_sections(subject):
    return [Section("Title", "plugins/twofactor/section.html")]
