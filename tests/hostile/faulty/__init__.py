# SPDX-License-Identifier: MIT
"""Faulty plugins: every hook with every fault that it can have, against a real host. One host for the package."""
