# SPDX-License-Identifier: MIT
"""Passes with a counter that no database holds."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


def verify(answer, now):
    return Passed(1, counter=2**63)


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/passedhugecounter/challenge.html", verify)
