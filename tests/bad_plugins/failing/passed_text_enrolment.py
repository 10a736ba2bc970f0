# SPDX-License-Identifier: MIT
"""Names its enrolment by a text."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


def verify(answer, now):
    return Passed("1")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/passedtextenrolment/challenge.html", verify)
