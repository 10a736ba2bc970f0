# SPDX-License-Identifier: MIT
"""Write requirements/run.txt and requirements/dev.txt: exact versions with the hashes of all their files.

run.txt holds what both distributions need at run time and to be installed from a checkout, dev.txt the development tools
on top. Versions that still fit stay, unless ``--upgrade`` is given. The files name no package index, so they work with
whichever one pip is set up for.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

UV = "uv==0.13.9"
ROOT = Path(__file__).resolve().parents[1]
HEADER = "# Written by `make lock` from pyproject.toml and plugins/*/pyproject.toml.\n"


def wanted() -> tuple[list[str], list[str]]:
    """Return the direct requirements for running and for development, without our own distributions."""
    files = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    projects = [tomllib.loads(file.read_text("utf-8")) for file in files]
    ours = tuple(project["project"]["name"] for project in projects)
    running = [need for project in projects for need in project["project"]["dependencies"] if not need.startswith(ours)]
    groups = projects[0]["dependency-groups"]
    return running + groups["build"], groups["dev"]


def compile_lock(uv: Path, needs: list[str], target: Path, extra: list[str]) -> None:
    """Resolve ``needs`` for every Python from 3.11 on and write ``target``."""
    command = [uv, "pip", "compile", "-", "--no-config", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--output-file", target]
    subprocess.run([*command, *extra], input="\n".join(needs), text=True, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    target.write_text(HEADER + target.read_text("utf-8").removeprefix(HEADER), "utf-8")


def main(options: list[str]) -> None:
    """Make a throw-away environment with the resolver and write both files."""
    if set(options) - {"--upgrade"}:
        sys.exit("usage: lock.py [--upgrade]")
    running, development = wanted()
    locks = ROOT / "requirements"
    locks.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder) / "bin"
        subprocess.run([programs / "pip", "install", "--quiet", UV], check=True)
        compile_lock(programs / "uv", running, locks / "run.txt", options)
        same = ["--constraint", str(locks / "run.txt"), *options]
        compile_lock(programs / "uv", running + development, locks / "dev.txt", same)


if __name__ == "__main__":
    main(sys.argv[1:])
