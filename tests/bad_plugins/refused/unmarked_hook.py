# SPDX-License-Identifier: MIT
"""Forgets the mark on one of its hooks."""

from ccm_core.plugin_api import hookimpl


@hookimpl
def ccm_signed_in():
    return None


def ccm_login_challenge(login):
    return None
