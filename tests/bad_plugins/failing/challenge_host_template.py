# SPDX-License-Identifier: MIT
"""Draws a page of the host as its challenge."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


def verify(answer, now):
    return Refused("wrong code")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("login.html", verify)
