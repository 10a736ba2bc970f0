# SPDX-License-Identifier: MIT
"""Answers with a number when a password is reset."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_password_reset(reset):
    reset.clear()
    return 1
