# SPDX-License-Identifier: MIT
"""Public to plugin authors: what their tests need."""
