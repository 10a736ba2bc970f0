# SPDX-License-Identifier: MIT
"""Mails about sign-ins from new devices, as a plugin of ccm-core."""
