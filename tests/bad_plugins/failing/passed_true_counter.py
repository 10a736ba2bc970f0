# SPDX-License-Identifier: MIT
"""Passes with a truth value as its counter."""

from ccm_core.plugin_api import Challenge, Passed, hookimpl


def verify(answer, now):
    return Passed(1, counter=True)


@hookimpl
def ccm_login_challenge(login):
    return Challenge("plugins/passedtruecounter/challenge.html", verify)
