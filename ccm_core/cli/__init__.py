# SPDX-License-Identifier: MIT
"""The console script."""
