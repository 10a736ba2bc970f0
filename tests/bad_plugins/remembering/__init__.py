# SPDX-License-Identifier: MIT
"""Counts in its state how often a sign-in asked it; every answer is wrong."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


@hookimpl
def ccm_login_challenge(login):
    def verify(answer, now):
        return Refused("wrong code", "The login code is not right.")

    seen = login.state + b"."
    return Challenge("plugins/remembering/challenge.html", verify, {"seen": seen.decode()}, state=seen)


@hookimpl
def ccm_password_reset(reset):
    return "Nothing is remembered any more."
