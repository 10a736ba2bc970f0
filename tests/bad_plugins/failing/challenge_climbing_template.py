# SPDX-License-Identifier: MIT
"""Climbs out of its own templates."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


def verify(answer, now):
    return Refused("wrong code")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/challengeclimbingtemplate/../twofactor/challenge.html", verify)
