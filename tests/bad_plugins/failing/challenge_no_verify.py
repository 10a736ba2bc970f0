# SPDX-License-Identifier: MIT
"""Gives a challenge that cannot be verified."""

from ccm_core.plugin_api import Challenge, hookimpl


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/challengenoverify/challenge.html", "123456")
