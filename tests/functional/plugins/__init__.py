# SPDX-License-Identifier: MIT
"""The host with plugins that work, and with plugins that fail."""
