# SPDX-License-Identifier: MIT
"""Forgets to return its verdict."""

from ccm_core.plugin_api import Challenge, hookimpl


def verify(answer, now):
    return None


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifynone/challenge.html", verify)
