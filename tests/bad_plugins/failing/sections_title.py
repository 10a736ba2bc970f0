# SPDX-License-Identifier: MIT
"""Has a section without a text as its title."""

from ccm_core.plugin_api import Section, hookimpl


@hookimpl
def ccm_account_sections(account):
    return [Section(None, "plugins/sectionstitle/x.html")]


@hookimpl
def ccm_user_sections(subject):
    return [Section(None, "plugins/sectionstitle/x.html")]
