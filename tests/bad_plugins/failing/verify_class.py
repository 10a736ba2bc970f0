# SPDX-License-Identifier: MIT
"""Returns the class of a verdict."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


def verify(answer, now):
    return Passed


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifyclass/challenge.html", verify)
