# SPDX-License-Identifier: MIT
"""Measures this project beside its peers in one run: ``python -m bench.peers FOLDER_OF_THE_PEERS_BENCH``."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from bench.peers import project, report

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEERS = ("allauth", "dj2fa", "flask")
OWN_FILES = ("flow.py", "rounds.py")
DEBIAN = Path("/usr/lib/postgresql")
MAIN_CALL = "uvloop.install(); main()\n"
IMPORT = "from ccm_core.app import create_app; from ccm_core.config import load; create_app(load())"


def main() -> None:
    """Set everything up, measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("bench", type=Path, help="the folder of the peers' bench")
    parser.add_argument("--home", type=Path, help="where environments and data are kept; a new temporary folder")
    parser.add_argument("--databases", default="sqlite,pg", help="sqlite, pg, or both (the default)")
    parser.add_argument("--rounds", type=int, default=15, help="paired rounds at one client")
    parser.add_argument("--loads", type=int, default=3, help="rounds at 8 and 32 clients")
    parser.add_argument(
        "--workers", default="gthread", help="gunicorn's kind of workers for the peers: gthread or sync"
    )
    parser.add_argument("--output", type=Path, help="a Markdown file; else the tables are printed")
    options = parser.parse_args()
    home = (options.home or Path(mkdtemp(prefix="ccm-peers-"))).resolve()
    print(f"Environments and data are kept in {home}", file=sys.stderr)
    rows = home / "rows.jsonl"
    rows.unlink(missing_ok=True)
    environment = prepare_peers(home, copied(options.bench, home))
    with running_postgresql(home, environment):
        run([str(home / "bench/setup_dbs.sh")], home / "bench", environment)
        for database in options.databases.split(","):
            plan = [str(options.rounds), ",".join((*PEERS, "ccm")), options.workers, str(options.loads)]
            measure(home, database, rows, plan, environment)
    text = report.of([json.loads(line) for line in rows.read_text("utf-8").splitlines()], versions(home))
    if options.output:
        options.output.write_text(text, "utf-8")
    else:
        print(text)


def copied(bench: Path, home: Path) -> Path:
    """Copy the peers' bench, which may be read-only, and let it be imported; add our own files."""
    copy = home / "bench"
    if copy.exists():
        shutil.rmtree(copy)
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)  # PostgreSQL runs as an account of its own
    shutil.copytree(bench, copy, copy_function=shutil.copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    script = copy / "run_peers.py"
    text = script.read_text("utf-8")
    if not text.endswith(MAIN_CALL):
        raise SystemExit(f"{script} does not end with «{MAIN_CALL.strip()}»: adapt bench/peers to it.")
    script.write_text(text.removesuffix(MAIN_CALL), "utf-8")
    for name in OWN_FILES:
        shutil.copy(HERE / name, copy)
    return copy


def prepare_peers(home: Path, copy: Path) -> dict[str, str]:
    """Install the peers into virtual environments; returns the environment that the peers' bench wants."""
    programs = max(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), default=DEBIAN)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"PEERS_HOME": f"{home}/venvs", "PEERS_STATE": f"{home}/state", "PEERS_PG": f"{home}/pg"}
    (home / "state").mkdir(exist_ok=True)
    run([str(copy / "setup.sh")], copy, environment)
    return environment


@contextmanager
def running_postgresql(home: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Run a server with default durability."""
    script = str(home / "bench/pg.sh")
    run([script, "start"], home, environment)
    try:
        yield
    finally:
        run([script, "stop"], home, environment)


def measure(home: Path, database: str, rows: Path, plan: Sequence[str], environment: Mapping[str, str]) -> None:
    """Install this project, and measure all on one database; ``plan``: what follows the file in ``rounds.py``."""
    folder = home / f"ccm-{database}"
    if folder.exists():
        shutil.rmtree(folder)
    url, python = "", own_python(home)
    if database == "pg":
        options = ["-h", f"{home}/pg", "-U", "postgres"]
        run(["dropdb", "--if-exists", *options, "peer_ccm"], home, environment)
        run(["createdb", *options, "peer_ccm"], home, environment)
        url = f"postgresql://postgres@/peer_ccm?host={home}/pg"
    own = project.prepare(folder, url)
    if database == "pg":
        run(["psql", "-q", *options, "-c", "vacuum analyze", "peer_ccm"], home, environment)
    ours = {"command": project.serve_command(python, "PORT"), "environment": own, "folder": str(ROOT)}
    ours |= {"python": str(python), "import": IMPORT}
    arguments = [database, str(rows), *plan, json.dumps(ours)]
    run([f"{home}/venvs/v-star/bin/python", "-W", "ignore", "rounds.py", *arguments], home / "bench", environment)


def own_python(home: Path) -> Path:
    """Return the Python of an environment with this project alone, without what only its tests need."""
    folder = home / "venvs" / "v-ccm"
    run(["make", "--silent", f"VENV={folder}", "setup"], ROOT, os.environ)
    return folder / "bin" / "python"


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command; what it says goes to stderr."""
    subprocess.run(command, cwd=folder, env=environment, stdout=sys.stderr, check=True)


def versions(home: Path) -> dict[str, list[str]]:
    """Return what is installed for each system, and the programs."""
    pythons = {name: f"{home}/venvs/v-{name}/bin/python" for name in PEERS} | {"ccm": str(own_python(home))}
    found = {
        name: _said([python, "-m", "pip", "--disable-pip-version-check", "freeze", "--exclude-editable"])
        for name, python in pythons.items()
    }
    found["commit"] = _said(["git", "-C", str(HERE), "describe", "--always", "--dirty"])
    programs = max(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), default=Path())
    found["PostgreSQL"] = _said([str(programs / "postgres"), "--version"])
    return found


def _said(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


if __name__ == "__main__":
    main()
