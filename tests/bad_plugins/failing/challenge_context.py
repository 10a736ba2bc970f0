# SPDX-License-Identifier: MIT
"""Gives a context that is no mapping."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


def verify(answer, now):
    return Refused("wrong code")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/challengecontext/challenge.html", verify, context=["code"])
