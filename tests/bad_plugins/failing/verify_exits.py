# SPDX-License-Identifier: MIT
"""Ends the interpreter while it verifies."""

from ccm_core.plugin_api import Challenge, hookimpl


def verify(answer, now):
    raise SystemExit(answer)


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifyexits/challenge.html", verify)
