# SPDX-License-Identifier: MIT
"""Implements nothing."""

ANSWER = 42
