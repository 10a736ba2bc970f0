# SPDX-License-Identifier: MIT
"""Refuses with a negative time to wait."""

from ccm_core.plugin_api import Challenge, Refused, hookimpl


def verify(answer, now):
    return Refused("wrong code", retry_after=-1)


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/refusedbadwait/challenge.html", verify)
