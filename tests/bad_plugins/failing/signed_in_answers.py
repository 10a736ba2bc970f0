# SPDX-License-Identifier: MIT
"""Answers a sign-in with a value, as if it could refuse it."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_signed_in(event):
    return False
