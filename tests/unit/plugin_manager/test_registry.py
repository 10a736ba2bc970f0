# SPDX-License-Identifier: MIT
"""Plugins are loaded once, on demand, by one thread; failures are told once and remembered."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ccm_core.errors import PluginRefused
from ccm_core.plugin_manager.faults import Fault
from ccm_core.plugin_manager.registry import Registry
from tests.bad_plugins import announce, installed
from tests.unit.plugin_manager.conftest import Install

COUNTING = """
from pathlib import Path
from threading import Event

from ccm_core.plugin_api import hookimpl

with (Path(__file__).parent / "imports").open("a") as file:
    file.write("x")
Event().wait(0.05)


@hookimpl
def ccm_signed_in():
    return None
"""
"""Tells how often it was imported, and takes its time."""


def at_once(function: Callable[[], object], threads: int = 8) -> list[object]:
    barrier = Barrier(threads)

    def run(_number: int) -> object:
        barrier.wait()
        try:
            return function()
        except PluginRefused as refused:
            return refused

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def test_threads_that_need_a_plugin_together_load_it_once(
    install: Install, tmp_path: Path, faults: list[Fault]
) -> None:
    records = install("no_hook")
    (tmp_path / "no_hook.py").write_text(COUNTING)
    registry = Registry(records, faults.append)
    found = at_once(lambda: registry.get("nohook"))
    assert len({id(plugin) for plugin in found}) == 1
    assert not isinstance(found[0], PluginRefused)
    assert (tmp_path / "imports").read_text() == "x"
    assert faults == []


def test_threads_that_need_a_broken_plugin_together_try_it_once(
    install: Install, tmp_path: Path, faults: list[Fault]
) -> None:
    records = install("no_hook")
    (tmp_path / "no_hook.py").write_text(COUNTING + "raise ValueError('broken')\n")
    registry = Registry(records, faults.append)
    found = at_once(lambda: registry.get("nohook"))
    assert {type(refused) for refused in found} == {PluginRefused}
    assert len({id(refused) for refused in found}) == len(found), "a shared exception collects tracebacks for ever"
    assert (tmp_path / "imports").read_text() == "x"
    assert [(fault.plugin, fault.hook) for fault in faults] == [("nohook", "")]
    assert "ValueError: broken" in faults[0].reason


def test_plugins_load_side_by_side(tmp_path: Path, faults: list[Fault]) -> None:
    waiting = "from threading import Barrier\nimport sys\nsys.modules['meeting'].wait(5)\n"
    with installed(tmp_path, "no_hook", "unmarked_hook") as records, pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "meeting", Barrier(2))
        for module in ("no_hook", "unmarked_hook"):
            (tmp_path / f"{module}.py").write_text(waiting + COUNTING)
        registry = Registry(records, faults.append)
        with ThreadPoolExecutor(2) as pool:
            assert [plugin.name for plugin in pool.map(registry.get, records)] == ["nohook", "unmarkedhook"]


def test_one_broken_plugin_leaves_the_others_alone(install: Install, faults: list[Fault]) -> None:
    registry = Registry(install("import_exits", "working", "option_tryfirst"), faults.append)
    for name in ("importexits", "optiontryfirst"):
        with pytest.raises(PluginRefused):
            registry.get(name)
    assert registry.get("working").name == "working"
    assert [plugin.name for plugin in registry.loaded()] == ["working"]
    assert registry.implementation("working", "ccm_signed_in") is not None


def test_nothing_is_loaded_before_it_is_needed(install: Install, tmp_path: Path, faults: list[Fault]) -> None:
    records = install("no_hook")
    (tmp_path / "no_hook.py").write_text(COUNTING)
    registry = Registry(records, faults.append)
    assert registry.loaded() == ()
    assert not (tmp_path / "imports").exists()


def test_a_plugin_that_is_not_installed_is_refused_but_no_fault(faults: list[Fault]) -> None:
    registry = Registry({}, faults.append)
    with pytest.raises(PluginRefused, match=r"^The plugin \.\./x is not installed\.$"):
        registry.get("../x")
    registry.retry("../x", 1)
    assert faults == []


def test_a_failure_is_remembered_until_a_retry_with_a_higher_number(
    install: Install, tmp_path: Path, faults: list[Fault]
) -> None:
    registry = Registry(install("import_error"), faults.append)

    def state() -> str:
        try:
            return registry.get("importerror").name
        except PluginRefused as refused:
            return str(refused)

    assert "ModuleNotFoundError" in state()
    (tmp_path / "import_error.py").write_text("raise ValueError('still broken')\n")
    assert "ModuleNotFoundError" in state()
    registry.retry("importerror", 3)
    assert "still broken" in state()
    (tmp_path / "import_error.py").write_text(COUNTING)
    registry.retry("importerror", 3)
    registry.retry("importerror", 2)
    assert "still broken" in state()
    assert len(faults) == 2
    registry.retry("importerror", 4)
    assert state() == "importerror"
    assert len(faults) == 2


def test_a_retry_does_not_touch_a_plugin_that_works(install: Install, faults: list[Fault]) -> None:
    registry = Registry(install("working"), faults.append)
    before = registry.get("working")
    registry.retry("working", 5)
    assert registry.get("working") is before


def test_one_object_under_two_names_is_one_plugin_too_many(
    install: Install, tmp_path: Path, faults: list[Fault]
) -> None:
    announce(tmp_path, distribution="ccm-copy", name="copy", target="working")
    registry = Registry(install("working"), faults.append)
    registry.get("working")
    with pytest.raises(PluginRefused, match="object of the plugin copy equals another plugin's"):
        registry.get("copy")


def test_a_hook_that_a_plugin_lacks_has_no_implementation(install: Install, faults: list[Fault]) -> None:
    registry = Registry(install("challenge_missing", "working"), faults.append)
    registry.get("working")
    assert registry.implementation("challengemissing", "ccm_login_challenge") is None


def test_nobody_can_answer_a_hook_only_when_all_are_loaded_and_none_has_it(
    install: Install, faults: list[Fault]
) -> None:
    assert not Registry({}, faults.append).may_implement("ccm_signed_in")
    registry = Registry(install("challenge_raises"), faults.append)
    assert registry.may_implement("ccm_signed_in")
    registry.get("challengeraises")
    assert not registry.may_implement("ccm_signed_in")
    assert registry.may_implement("ccm_login_challenge")
