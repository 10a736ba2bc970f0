# SPDX-License-Identifier: MIT
"""Write requirements/*.txt: exact versions with the hashes of all their files.

run.txt holds what both distributions need to run and to be installed from a checkout, dev.txt adds the development
tools; fuzz.txt and mutants.txt are what the targets of these names install on top. Versions that still fit stay, unless
``--upgrade`` is given. The files name no package index, so they work with whichever one pip is set up for.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

RESOLVER = "uv==0.13.9"
ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "requirements"
HEADER = "# Written by `make lock` from pyproject.toml and plugins/*/pyproject.toml.\n"
EVERY_PYTHON = ["--universal", "--python-version", "3.11"]
HASHES_ONLY = ["--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header"]


ON_TOP = ("fuzz", "mutants")
"""Groups of packages that one target needs, each with a lock of its own."""


def wanted() -> tuple[list[str], dict[str, list[str]]]:
    """Return the direct requirements for running, without our own distributions, and the groups of tools."""
    files = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    projects = [tomllib.loads(file.read_text("utf-8")) for file in files]
    ours = tuple(project["project"]["name"] for project in projects)
    running = [need for project in projects for need in project["project"]["dependencies"] if not need.startswith(ours)]
    groups = projects[0]["dependency-groups"]
    return running + groups["build"], groups


def write_lock(resolver: Path, needs: list[str], target: Path, options: list[str]) -> None:
    """Resolve ``needs`` for every Python from 3.11 on into ``target``."""
    command = [str(resolver), "pip", "compile", "-", "--no-config", "--quiet", "--output-file", str(target)]
    command += [*EVERY_PYTHON, *HASHES_ONLY, *options]
    subprocess.run(command, input="\n".join(needs), text=True, check=True, stdout=subprocess.DEVNULL)
    target.write_text(HEADER + target.read_text("utf-8").removeprefix(HEADER), "utf-8")


def main(options: list[str]) -> None:
    """Make a throw-away environment with the resolver in it and write the files."""
    if set(options) - {"--upgrade"}:
        sys.exit("usage: lock.py [--upgrade]")
    running, groups = wanted()
    LOCKS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder) / "bin"
        subprocess.run([programs / "pip", "install", "--quiet", RESOLVER], check=True)
        write_lock(programs / "uv", running, LOCKS / "run.txt", options)
        same = ["--constraint", str(LOCKS / "run.txt")]
        write_lock(programs / "uv", running + groups["dev"], LOCKS / "dev.txt", [*options, *same])
        same = ["--constraint", str(LOCKS / "dev.txt")]
        for group in ON_TOP:
            write_lock(programs / "uv", groups[group], LOCKS / f"{group}.txt", [*options, *same])


if __name__ == "__main__":
    main(sys.argv[1:])
