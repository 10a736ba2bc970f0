# SPDX-License-Identifier: MIT
"""Passes with a counter below nought."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


def verify(answer, now):
    return Passed(1, counter=-1)


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/passednegativecounter/challenge.html", verify)
