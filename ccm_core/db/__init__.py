# SPDX-License-Identifier: MIT
"""The database: engine, tables, migrations."""
