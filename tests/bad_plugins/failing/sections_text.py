# SPDX-License-Identifier: MIT
"""Answers with a text where sections are wanted."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_account_sections(account):
    return "<h2>Hello</h2>"


@hookimpl
def ccm_user_sections(subject):
    return "<h2>Hello</h2>"
