# SPDX-License-Identifier: MIT
"""Answers True instead of a verdict."""

from ccm_core.plugin_api import Challenge, hookimpl


def verify(answer, now):
    return True


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/verifytrue/challenge.html", verify)
