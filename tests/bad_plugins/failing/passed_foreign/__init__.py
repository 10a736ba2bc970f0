# SPDX-License-Identifier: MIT
"""Lets everybody pass, in the name of an enrolment that is not the user's."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/passedforeign/challenge.html", lambda answer, now: Passed(login.enrolments[0].id + 1))
