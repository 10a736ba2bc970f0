# SPDX-License-Identifier: MIT
"""Private: finds, loads and calls plugins."""
