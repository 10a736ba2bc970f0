# SPDX-License-Identifier: MIT
"""New plugins: whole distributions, written from the files in ``ccm_core/skeletons``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from ccm_core.cli.names import COMMANDS
from ccm_core.errors import InputError
from ccm_core.plugin_manager.discovery import HOST, NAME, discover
from ccm_core.services.parts import host_version

SUMMARIES: Mapping[str, str] = {
    "empty": "shows a page of its own",
    "section": "adds a section to the account settings",
    "listener": "notes each sign-in in the log of the server",
    "factor": "asks for a code from a printed list after the password",
}
"""The kinds of skeleton, with what plugin management says of a plugin that was made from one."""

_SKELETONS = Path(__file__).resolve().parents[1] / "skeletons"
_COMMON = "common"
_PACKAGE = "package"  # the folder that gets the name of the new package


def write(name: str, kind: str, folder: Path) -> None:
    """Write a plugin's distribution into a new folder, all of it or nothing; raises InputError."""
    _check_name(name)
    if os.path.lexists(folder):
        raise InputError(
            "folder", "%(folder)s exists already: remove it, or name another folder with --folder.", folder=folder
        )
    try:
        with TemporaryDirectory(prefix=".ccm-", dir=folder.absolute().parent) as beside:
            whole = Path(beside) / "whole"
            for path, text in _files(name, kind):
                file = whole / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8")
            whole.rename(folder)
    except OSError as error:
        message = "%(folder)s cannot be written (%(reason)s): name another folder with --folder."
        raise InputError("folder", message, folder=folder, reason=error.strerror) from error


def _check_name(name: str) -> None:
    """Raise InputError for a name that discovery would refuse, or that is taken."""
    if NAME.fullmatch(name) is None:
        message = "%(name)r cannot be a plugin's name: take a lower-case letter and up to 63 letters a-z and digits."
    elif name in COMMANDS:
        message = "The name %(name)s is a console command of the host: choose another one."
    elif iskeyword(name):
        message = "The name %(name)s is a word of the language Python: choose another one."
    elif name in discover(host_version()):
        message = "A plugin %(name)s is installed, and two of one name are both refused: choose another one."
    elif find_spec(_package(name)) is not None:
        message = "The name %(name)s is taken, since a package ccm_%(name)s is installed: choose another one."
    else:
        return
    raise InputError("name", message, name=name[:64])


def _package(name: str) -> str:
    return f"ccm_{name}"


def _files(name: str, kind: str) -> Iterator[tuple[Path, str]]:
    """Yield the files of a new distribution by their places in it: what all have in common, then the kind's own."""
    major = int(host_version().partition(".")[0])
    host = f"{HOST}>={major},<{major + 1}"
    values = {"name": name, "label": name.capitalize(), "summary": SUMMARIES[kind], "host": host}
    for source in (_SKELETONS / _COMMON, _SKELETONS / kind):
        for file in sorted(source.rglob("*.in")):
            parts = (_package(name) if part == _PACKAGE else part for part in file.relative_to(source).parts)
            yield Path(*parts).with_suffix(""), Template(file.read_text("utf-8")).substitute(values)
