# SPDX-License-Identifier: MIT
"""The host of the functional tests: two worker processes, an instance for every test, codes from oathtool.

Each test bears the number of its case in ``H01`` to ``H97``, the list of hostile acts that the product is held against.
"""

from tests.functional.conftest import erika, hashing_host, host, oathtool, protected, tenant

__all__ = ["erika", "hashing_host", "host", "oathtool", "protected", "tenant"]
