# SPDX-License-Identifier: MIT
"""Raises when it is asked for sections."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_account_sections(account):
    raise ValueError(account)


@hookimpl
def ccm_user_sections(subject):
    raise ValueError(subject)
