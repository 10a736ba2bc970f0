# SPDX-License-Identifier: MIT
"""Answers with a section and something else."""

from ccm_core.plugin_api import Section, hookimpl


@hookimpl
def ccm_account_sections(account):
    return [Section("Title", "plugins/sectionsmixed/x.html"), "Title"]


@hookimpl
def ccm_user_sections(subject):
    return [Section("Title", "plugins/sectionsmixed/x.html"), "Title"]
