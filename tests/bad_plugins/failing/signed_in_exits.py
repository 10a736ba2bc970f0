# SPDX-License-Identifier: MIT
"""Ends the interpreter after a sign-in."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_signed_in(event):
    raise SystemExit
