# SPDX-License-Identifier: MIT
"""Never comes to a verdict."""

from threading import Event

from ccm_core.plugin_api import Challenge, hookimpl


def verify(answer, now):
    Event().wait()


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifyhangs/challenge.html", verify)
