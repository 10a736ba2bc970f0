# SPDX-License-Identifier: MIT
"""Ends the interpreter when a proof is asked."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_challenge(login):
    raise SystemExit
