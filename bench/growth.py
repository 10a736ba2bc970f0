# SPDX-License-Identifier: MIT
"""Compares what requests cost at a million users with what they cost at a thousand: ``python -m bench.growth``."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.population import FULL, SMALL
from bench.residents import LOADS, Residents
from bench.sites import engine, site
from bench.turns import Meter, Side, compare
from ccm_core.services.logs import stay_silent

LIMIT = 1.2


def main() -> int:
    """Load, measure and print; the status is 1 if a limit is exceeded and ``--check`` was given."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--scale", type=float, default=1.0, help="of the large deployment; 1 is a million users")
    parser.add_argument(
        "--rounds", type=int, default=30, help="rounds in which both are measured in turns; 0: load only"
    )
    parser.add_argument("--folder", type=Path, help="keep the databases there, and use those that are there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures into a file as well")
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a limit is exceeded")
    options = parser.parse_args()
    stay_silent()
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(TemporaryDirectory(prefix="ccm-growth-", dir="/tmp")))
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)  # the database server has an account of its own
        where = stack.enter_context(engine(options.database, folder))
        sides = []
        for name, size in (("small", SMALL), ("large", FULL.scaled(options.scale))):
            installation, population = site(folder, name, size, where)
            if options.rounds:
                server = stack.enter_context(installation.serving())
                sides.append(Side(Meter(server, where, name), Residents(installation, population)))
        if not options.rounds:
            return 0
        results = compare(sides[0], sides[1], LOADS, options.rounds, LIMIT)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return 1 if options.check and any(result["ratio"] > LIMIT for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
