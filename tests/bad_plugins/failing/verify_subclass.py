# SPDX-License-Identifier: MIT
"""Returns a verdict of a type of its own."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


class OwnPassed(Passed):
    pass


def verify(answer, now):
    return OwnPassed(1)


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifysubclass/challenge.html", verify)
