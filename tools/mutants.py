# SPDX-License-Identifier: MIT
"""Tell how a run of mutmut ended, in the current folder: the end of ``make mutants``.

A change that no test notices must stand in ``tests/equivalent_mutants.toml``, with the reason why nobody could.
"""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

LIST = Path("tests/equivalent_mutants.toml")
KILLED = {"killed", "timeout", "caught by type check"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a function: the lines that it takes out and puts in, as one line each."""

    function: str
    line: str
    becomes: str


def mutmut(*arguments: str) -> str:
    """Return what a command of mutmut prints."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def results() -> dict[str, str]:
    """Return the name of each mutant that was tried, and how it ended."""
    lines = re.findall(r"^\s*(\S+__mutmut_\d+): (.+?)\s*$", mutmut("results", "--all", "true"), re.MULTILINE)
    return {name: how for name, how in lines if how != "not checked"}


def function_of(name: str) -> str:
    """Return the dotted name of the function that a mutant changes; mutmut writes ``xǁClassǁmethod`` or ``x_name``."""
    module, _, mangled = name.rpartition("__mutmut_")[0].rpartition(".")
    plain = mangled.removeprefix("xǁ").replace("ǁ", ".") if mangled.startswith("xǁ") else mangled.removeprefix("x_")
    return f"{module}.{plain}"


def shown(name: str) -> Mutant:
    """Return what a mutant changes."""
    lines = [line for line in mutmut("show", name).splitlines() if not line.startswith(("---", "+++"))]
    old, new = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return Mutant(function_of(name), old, new)


def listed() -> set[Mutant]:
    """Return what the list says nobody could notice; each entry has its reason."""
    entries = tomllib.loads(LIST.read_text("utf-8"))["equivalent"] if LIST.exists() else []
    return {Mutant(entry["function"], entry["line"], becomes) for entry in entries for becomes in entry["becomes"]}


def main() -> int:
    """Print the score, every unnoticed change that is not listed, and every entry that is no longer needed."""
    ended, known = results(), listed()
    survived = {name: shown(name) for name, how in ended.items() if how not in KILLED}
    found = Counter(ended.values())
    noticed = sum(found[how] for how in KILLED)
    say = sys.stdout.write
    for name, mutant in survived.items():
        if mutant not in known:
            say(f"{name}: {ended[name]}\n  - {mutant.line}\n  + {mutant.becomes}\n")
    for mutant in sorted(known - set(survived.values()), key=str):
        say(f"{LIST} lists what a test notices, or what there is no more:\n  {mutant}\n")
    unlisted = sum(mutant not in known for mutant in survived.values())
    say(f"{len(ended)} mutants: {noticed} noticed, {len(survived) - unlisted} equivalent, {unlisted} not noticed\n")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main())
