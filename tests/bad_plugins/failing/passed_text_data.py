# SPDX-License-Identifier: MIT
"""Passes with a text as the enrolment's new data."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


def verify(answer, now):
    return Passed(1, data="secret")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/passedtextdata/challenge.html", verify)
