# SPDX-License-Identifier: MIT
"""Raises when a password is reset."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_password_reset(reset):
    raise ValueError(reset.user.email)
