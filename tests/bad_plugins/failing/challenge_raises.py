# SPDX-License-Identifier: MIT
"""Raises when a proof is asked, quoting a key."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_login_challenge(login):
    raise ValueError(f"bad key {login.enrolments!r}: JBSWY3DPEHPK3PXP")
