# SPDX-License-Identifier: MIT
"""Draws a page of another plugin as its challenge."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


def verify(answer, now):
    return Refused("wrong code")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/twofactor/challenge.html", verify)
