# SPDX-License-Identifier: MIT
"""HTTP. No rules."""
