# SPDX-License-Identifier: MIT
"""Refuses without saying why."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


def verify(answer, now):
    return Refused(None)


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/refusednoreason/challenge.html", verify)
