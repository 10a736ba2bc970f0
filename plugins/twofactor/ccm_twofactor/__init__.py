# SPDX-License-Identifier: MIT
"""2-factor authentication with a code from a smartphone app, as a plugin of ccm-core."""
