# SPDX-License-Identifier: MIT
"""The contract suite: what every plugin promises, as tests that a plugin's own tests subclass.

    class TestContract(PluginContract):
        plugin = "letters"

A second factor subclasses ``FactorContract`` and says how its factor is set up and what a right answer is. Each failure
names the clause and the mend.
"""

from ccm_core.testing.factor_contract import FactorContract
from ccm_core.testing.plugin_contract import PluginContract

__all__ = ["FactorContract", "PluginContract"]
