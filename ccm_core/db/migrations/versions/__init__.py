# SPDX-License-Identifier: MIT
"""The revisions. A published one is never changed; there is no way back but the backup."""
