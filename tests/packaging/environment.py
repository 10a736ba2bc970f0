# SPDX-License-Identifier: MIT
"""A clean virtual environment to install our distributions in, without a network."""

import os
import re
import socket
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PathDistribution, distribution
from pathlib import Path
from urllib.request import urlopen

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = {name: ROOT / "plugins" / name for name in ("signins", "twofactor")}
PROJECTS = {"ccm-core": ROOT, **{f"ccm-{name}": folder for name, folder in PLUGINS.items()}}


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None, typed: str = "") -> str:
    """Run a program to its end and return what it printed; a failure shows that too."""
    done = subprocess.run(command, cwd=cwd, env=env, input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass
class Environment:
    """A virtual environment that sees the locked dependencies of what is installed in it, and nothing else of ours."""

    folder: Path
    linked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        venv.create(self.folder / "venv")
        self.dependencies = self.folder / "dependencies"
        self.dependencies.mkdir()
        site = next((self.folder / "venv" / "lib").glob("python*/site-packages"))
        (site / "dependencies.pth").write_text(f"{self.dependencies}\n", "utf-8")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CCM_", "PYTHON"))}
        self.env = kept | {"CCM_DATA_DIR": str(self.folder / "data"), "CCM_BASE_URL": self.url, "LANG": "C.UTF-8"}

    def link(self, needs: list[str], extras: tuple[str, ...] = ("",)) -> None:
        """Let the environment see the distributions that meet ``needs``, and what those need in turn."""
        for need in map(Requirement, needs):
            wanted = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)
            name = canonicalize_name(need.name)
            if not wanted or name in PROJECTS or name in self.linked:
                continue
            self.linked.add(name)
            found = distribution(need.name)
            for entry in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
                (self.dependencies / entry).symlink_to(str(found.locate_file(entry)))
            self.link(found.requires or [], ("", *need.extras))

    def pip(self, *arguments: str | Path) -> None:
        """Run pip on this environment. It checks that every requirement is met, and has no index to fetch from."""
        run(sys.executable, "-m", "pip", "--quiet", "--python", self.program("python"), *arguments, cwd=self.folder)

    def install(self, wheel: Path) -> None:
        self.link(requirements_of(wheel))
        self.pip("install", "--no-index", wheel)

    def program(self, name: str) -> Path:
        return self.folder / "venv" / "bin" / name

    def python(self, code: str) -> str:
        return run(self.program("python"), "-c", code, cwd=self.folder, env=self.env).strip()

    def ccm(self, *arguments: str, typed: str = "") -> str:
        return run(self.program("ccm"), *arguments, cwd=self.folder, env=self.env, typed=typed)

    def init(self) -> None:
        options = ["--admin", "anna", "--email", "anna@example.org", "--password-stdin"]
        self.ccm("init", *options, typed="a long enough password\n")

    @contextmanager
    def serving(self) -> Iterator[None]:
        """``ccm serve``, from the first connection that it takes."""
        port = self.url.rpartition(":")[2]
        with (self.folder / "serve.log").open("w+") as log:
            command = [str(self.program("ccm")), "serve", "--port", port]
            process = subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=log, stderr=subprocess.STDOUT)
            try:
                wait_for(process, int(port))
                yield
            finally:
                process.terminate()
                process.wait(20)

    def page(self, path: str) -> str:
        with urlopen(self.url + path, timeout=10) as answer:
            return str(answer.read().decode("utf-8"))

    def draws_the_login_page(self) -> bool:
        """Whether the page has its words, which come from a template, and its style sheet, which is a static file."""
        page = self.page("/login")
        style = re.search(r'href="(/static/[^"]+\.css)"', page)
        return "Username or e-mail address" in page and style is not None and self.page(style[1]) != ""


def requirements_of(wheel: Path) -> list[str]:
    (information,) = (entry for entry in zipfile.Path(wheel).iterdir() if entry.name.endswith(".dist-info"))
    return PathDistribution(information).requires or []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when somebody listens on the port; fail when the process ends first or takes 20 s."""
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            break
    pytest.fail(f"Nothing listens on port {port}.")
