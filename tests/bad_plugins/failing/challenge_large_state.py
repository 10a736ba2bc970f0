# SPDX-License-Identifier: MIT
"""Wants the host to keep more than 4 kB."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


def verify(answer, now):
    return Refused("wrong code")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/challengelargestate/challenge.html", verify, state=bytes(4097))
