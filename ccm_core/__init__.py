# SPDX-License-Identifier: MIT
"""A web backend whose sign-in, account settings and password reset are open to plugins."""
