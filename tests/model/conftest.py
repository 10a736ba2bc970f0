# SPDX-License-Identifier: MIT
"""What the model has found is kept as tests over HTTP against the real server, as everything else is."""

from tests.functional.conftest import erika, host, protected, tenant

__all__ = ["erika", "host", "protected", "tenant"]
