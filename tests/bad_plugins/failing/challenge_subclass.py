# SPDX-License-Identifier: MIT
"""Gives a challenge of a type of its own."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


class OwnChallenge(Challenge):
    pass


@hookimpl
def ccm_login_challenge(login):
    return OwnChallenge("plugins/challengesubclass/challenge.html", lambda answer, now: Passed(1))
