# SPDX-License-Identifier: MIT
"""Raises, while it verifies, what a person at the keyboard raises."""

from ccm_core.plugin_api import Challenge, hookimpl


def verify(answer, now):
    raise KeyboardInterrupt


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifyinterrupts/challenge.html", verify)
