# SPDX-License-Identifier: MIT
"""Loads a plugin in a process of its own, and tells what that did."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from ccm_core.services.parts import host_version

_CODE = """
import json, sys, threading, warnings
from pathlib import Path
sys.path.pop(0)
from ccm_core.errors import PluginRefused
from ccm_core.plugin_manager.discovery import discover
from ccm_core.plugin_manager.loading import load
from ccm_core.testing.plugin_sources import home_of
name, version = sys.argv[1:]
record = discover(version)[name]
module = record.target.partition(":")[0]
imported = [one for one in sys.modules if one == module or one.startswith(module + ".")]
threads, reason = threading.active_count(), ""
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    try:
        load(record)
    except PluginRefused as refused:
        reason = str(refused)
home = home_of(record)
own = [str(one.message) for one in warned if Path(one.filename).is_relative_to(home)]
answer = {"imported": imported, "threads": threading.active_count() - threads, "reason": reason, "warnings": own}
print("\\n" + json.dumps(answer))
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did; ``imported``: which of its modules were imported before, when it was only found."""

    imported: list[str]
    threads: int
    reason: str
    warnings: list[str]
    output: str


def load_apart(plugin: str) -> Loaded:
    """Load an installed plugin in a fresh process; raises AssertionError when that ends by it."""
    command = [sys.executable, "-c", _CODE, plugin, host_version()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    printed, _, answer = done.stdout.rstrip("\n").rpartition("\n")
    if done.returncode or not answer:
        raise AssertionError(f"The plugin ends the process that loads it: {done.stderr[-500:]}")
    return Loaded(**json.loads(answer), output=(printed + done.stderr).strip())
