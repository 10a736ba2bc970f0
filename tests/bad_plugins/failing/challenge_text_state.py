# SPDX-License-Identifier: MIT
"""Wants the host to keep a text."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


def verify(answer, now):
    return Refused("wrong code")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/challengetextstate/challenge.html", verify, state="123456")
