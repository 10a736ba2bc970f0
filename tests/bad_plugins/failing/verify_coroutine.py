# SPDX-License-Identifier: MIT
"""Verifies in a coroutine."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


async def verify(answer, now):
    return Passed(1)


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifycoroutine/challenge.html", verify)
