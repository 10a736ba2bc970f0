# SPDX-License-Identifier: MIT
"""The reference for plugins is what the code says, and leaves nothing out."""

import re
from types import FunctionType

import pytest

from ccm_core import plugin_api
from ccm_core.testing.failing_hooks import _CHECKS
from tools import reference

HOOKS = reference.hooks_in_order()
TEXT = reference.TARGET.read_text("utf-8")


def test_it_is_what_the_code_says_now() -> None:
    assert reference.text() == TEXT, "Run «make reference»."


def test_it_has_every_hook_and_every_public_name() -> None:
    titles = re.findall(r"^### (\w+)$", TEXT, re.MULTILINE)
    assert titles == [hook.__name__ for hook in HOOKS] + [name for name in plugin_api.__all__ if name != "hookimpl"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
def test_every_hook_says_when_it_is_called_what_it_returns_and_what_a_failure_costs(hook: FunctionType) -> None:
    doc = hook.__doc__ or ""
    assert len(doc.splitlines()[0]) > len("Once.")
    assert "Fails:" in doc or "Returns and fails:" in doc
    assert ("Returns" in doc) == (hook.__annotations__["return"] not in {"None", None}) or doc.startswith("Once, ")


def test_the_contract_lets_every_hook_fail() -> None:
    assert set(_CHECKS) == {hook.__name__ for hook in HOOKS}


def test_every_public_name_is_described() -> None:
    for name in plugin_api.__all__:
        kind = getattr(plugin_api, name)
        if isinstance(kind, type):
            assert len(kind.__doc__ or "") > 30, name
