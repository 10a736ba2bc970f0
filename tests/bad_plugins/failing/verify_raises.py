# SPDX-License-Identifier: MIT
"""Raises while it verifies, quoting the code."""

from ccm_core.plugin_api import Challenge, hookimpl


def verify(answer, now):
    return int(answer + " is no number")


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifyraises/challenge.html", verify)
