# SPDX-License-Identifier: MIT
"""Fuzz every parser of outside input, and the application as a whole.

An input that breaks a promise is kept in test-results/fuzz and shown.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.hostile.fuzz.parsers import parsers

REQUESTS = "requests"
NAMES = (*parsers(Path()), REQUESTS)
FOUND = Path("test-results/fuzz")
SECONDS = 60
LIMITS = ("-max_len=4096", "-rss_limit_mb=1024", "-timeout=10", "-print_final_stats=1", f"-artifact_prefix={FOUND}/")
"""libFuzzer's: bytes of an input, megabytes of the process, seconds of one input."""
EXECUTED = re.compile(r"stat::number_of_executed_units:\s*([0-9]+)")
KEPT_IN = re.compile(r"Test unit written to (\S+)")


def guided(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Fuzz one parser in a process of its own, since the fuzzer ends its process."""
    command = [sys.executable, "-m", "tests.hostile.fuzz.guided", name, *LIMITS, *options]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def campaign(names: Sequence[str], seconds: int) -> bool:
    """Fuzz parsers one after the other, telling how many inputs each took; whether all kept their promises."""
    FOUND.mkdir(parents=True, exist_ok=True)
    sound = True
    for name in names:
        done = guided(name, f"-max_total_time={seconds}")
        said = done.stderr + done.stdout  # the exception is in the latter
        executed, kept = EXECUTED.search(said), KEPT_IN.search(said)
        tell(f"{name:16} {int(executed[1]) if executed else 0:>9} inputs")
        if done.returncode:
            sound = False
            tell(f"{said[-3000:]}\n{name} breaks its promise: {kept[1] if kept else 'see above'}")
    return sound


def tell(text: str) -> None:
    """Say it at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Read the command line."""
    options = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    options.add_argument("--seconds", type=int, default=SECONDS, help="for each parser (default: %(default)s)")
    options.add_argument("--again", type=Path, metavar="FILE", help="try one kept input on the named parser")
    options.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)} (default: all)")
    chosen = options.parse_args()
    unknown = sorted(set(chosen.names) - set(NAMES))
    if unknown or (chosen.again and len(chosen.names) != 1):
        options.error(f"there is no parser {unknown[0]}" if unknown else "--again needs the name of one parser")
    if chosen.again:
        done = guided(chosen.names[0], str(chosen.again))
        tell(done.stderr + done.stdout)
        return done.returncode
    return 0 if campaign(chosen.names or NAMES, chosen.seconds) else 1


if __name__ == "__main__":
    sys.exit(main())
