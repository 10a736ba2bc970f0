# SPDX-License-Identifier: MIT
"""Answers that the user has passed when a proof is asked."""

from ccm_core.plugin_api import Passed, hookimpl


@hookimpl
def ccm_login_challenge(login):
    return Passed(login.enrolments[0].id)
