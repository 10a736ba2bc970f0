# SPDX-License-Identifier: MIT
"""Answers with an iterator where sections are wanted."""

from ccm_core.plugin_api import Section, hookimpl


@hookimpl
def ccm_account_sections(account):
    return iter([Section("Title", "plugins/sectionsiterator/x.html")])


@hookimpl
def ccm_user_sections(subject):
    return iter([Section("Title", "plugins/sectionsiterator/x.html")])
