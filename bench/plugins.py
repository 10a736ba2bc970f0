# SPDX-License-Identifier: MIT
"""Compares what requests cost with fifty plugins with what they cost with one: ``python -m bench.plugins``."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.deployment import Crowd, Installation, prepare
from bench.sites import Engine, engine
from bench.turns import Load, Meter, Side, compare
from ccm_core.services.logs import stay_silent
from ccm_core.services.parts import assemble
from ccm_core.services.user_admin import Actor

PLUGINS = 50
LIMIT = 1.1
TOLD = {
    "same": "one plugin once more: how far two processes differ by themselves",
    "installed": f"{PLUGINS} plugins, one of them active",
    "active": f"{PLUGINS} plugins, all of them active",
}
CODE = '''"""Remembers sign-ins, has a page and a setting: nothing that every page would show."""

from ccm_core.plugin_api import Page, Route, SettingField, SettingsForm, SignedIn, hookimpl

SEEN = {"count": 0}


@hookimpl
def ccm_signed_in(event: SignedIn) -> None:
    SEEN["count"] += 1


@hookimpl
def ccm_pages():
    return [Route("GET", "about", lambda request: Page("About", "about.html"))]


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("note", "Note", "text", ""),))
'''


@dataclass(frozen=True)
class People:
    """The crowd of a deployment."""

    crowd: Crowd

    def begin(self) -> None:
        """Begin the set-up anew."""
        self.crowd.renew_setup()


LOADS: tuple[Load[People], ...] = (
    Load("sign-in with code, 5 requests", 12, lambda people: people.crowd.sign_in()),
    Load("login page", 40, lambda people: people.crowd.open_login_page()),
    Load("account page", 40, lambda people: people.crowd.open_account_page()),
    Load("set-up page", 12, lambda people: people.crowd.open_setup_page()),
    Load("start page", 40, lambda people: people.crowd.reader.get("/")),
    Load("session endpoint", 40, lambda people: people.crowd.reader.get("/session")),
)


def main() -> int:
    """Install, measure and print; the status is 1 if a limit is exceeded and ``--check`` was given."""
    parser = argparse.ArgumentParser(prog="python -m bench.plugins", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=30, help="rounds in which both are measured in turns")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures into a file as well")
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a limit is exceeded")
    options = parser.parse_args()
    stay_silent()
    results = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ccm-plugins-")))
        folder.chmod(0o755)  # PostgreSQL runs as an account of its own
        lay_out(folder / "path")
        sys.path.append(str(folder / "path"))
        where = stack.enter_context(engine(options.database, folder))
        sides = [side(stack, where, folder, name) for name in ("one", *TOLD)]
        for other in sides[1:]:
            print(TOLD[other.meter.name])
            results[other.meter.name] = compare(sides[0], other, LOADS, options.rounds, LIMIT)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    over = any(result["ratio"] > LIMIT for name in ("installed", "active") for result in results[name])
    return 1 if over and options.check else 0


def lay_out(path: Path) -> None:
    """Install plugins in a folder, beside the one that there is."""
    for name in names():
        place = path / f"ccm_{name}-1.0.dist-info"
        place.mkdir(parents=True)
        head = f"Metadata-Version: 2.1\nName: ccm-{name}\nVersion: 1.0\nRequires-Dist: ccm-core\n"
        (place / "METADATA").write_text(head, "utf-8")
        (place / "entry_points.txt").write_text(f"[ccm.plugins]\n{name} = ccm_{name}\n", "utf-8")
        package = path / f"ccm_{name}"
        (package / "templates").mkdir(parents=True)
        (package / "__init__.py").write_text(CODE, "utf-8")
        (package / "templates" / "about.html").write_text("<p>About</p>", "utf-8")


def names() -> list[str]:
    """Return the names of the further plugins."""
    return [f"listener{number}" for number in range(PLUGINS - 1)]


def side(stack: ExitStack, where: Engine, folder: Path, name: str) -> Side[People]:
    """Serve a deployment with one plugin, with all of them installed, or with all of them active."""
    place = folder / name
    place.mkdir()
    one = prepare(place, database_url=where.url(name))
    if name == "active":
        activate(one)
    if name in {"installed", "active"}:
        one = replace(one, environment=one.environment | {"PYTHONPATH": str(folder / "path")})
    server = stack.enter_context(one.serving())
    return Side(Meter(server, where, name), People(Crowd.of(one)))


def activate(one: Installation) -> None:
    """Make the further plugins active for everyone."""
    parts, now = assemble(one.settings, one.clock), one.clock()
    instance = parts.instances.get(None, now)
    for name in names():
        parts.plugins.activate(instance, name, now, Actor())
        parts.access.allow(instance, name, now, Actor())
    parts.database.dispose()


if __name__ == "__main__":
    sys.exit(main())
