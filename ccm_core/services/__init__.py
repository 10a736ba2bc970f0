# SPDX-License-Identifier: MIT
"""The rules. No HTTP, no templates."""
