# SPDX-License-Identifier: MIT
"""Implements a hook with something that is no plain function."""

from functools import partial

from ccm_core.plugin_api import hookimpl

ccm_signed_in = hookimpl(partial(print, sep=""))
