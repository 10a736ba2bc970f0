# SPDX-License-Identifier: MIT
"""A hook that is to go works while it is told, and is refused with what to do once it is gone."""

import pytest

from ccm_core.errors import PluginRefused
from ccm_core.plugin_api import hookspecs
from ccm_core.plugin_api.hookspecs import Ageing
from ccm_core.plugin_manager.implementations import HOOKS
from ccm_core.plugin_manager.loading import load
from ccm_core.plugin_manager.registry import Registry
from tests.unit.plugin_manager.conftest import Install

OLD = Ageing(since="1.4", gone_in="2.0", instead="implement ccm_session_opened, which is told the device too")


def test_no_hook_goes_without_having_been_marked_and_none_is_both() -> None:
    assert set(hookspecs.AGEING) <= set(HOOKS)
    assert not set(hookspecs.GONE) & set(HOOKS)
    for ageing in (*hookspecs.AGEING.values(), *hookspecs.GONE.values()):
        assert int(ageing.since.split(".")[0]) < int(ageing.gone_in.split(".")[0])


def test_a_hook_that_is_to_go_is_called_as_ever_and_told(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    records = install("working")
    monkeypatch.setitem(hookspecs.AGEING, "ccm_signed_in", OLD)
    registry = Registry(records, lambda _fault: None)
    (note,) = registry.get("working").notes
    assert note == f"The hook ccm_signed_in will be gone in ccm-core 2.0: {OLD.instead}."
    assert registry.implementation("working", "ccm_signed_in") is not None


def test_a_plugin_that_uses_nothing_old_has_no_notes(install: Install) -> None:
    assert load(install("working")["working"]).notes == ()


def test_a_hook_that_is_gone_is_refused_with_what_to_do(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hookspecs.GONE, "ccm_login_chalenge", OLD)
    with pytest.raises(PluginRefused, match=r"gone since ccm-core 2\.0: implement ccm_session_opened"):
        load(install("unknown_hook")["unknownhook"])
