# SPDX-License-Identifier: MIT
"""The folders that a plugin brings along, found by name: nothing in them may lie elsewhere."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from types import ModuleType

from ccm_core.errors import PluginRefused


def home_of(module: ModuleType) -> Path | None:
    """Return the folder that belongs to a plugin, or None.

    A module outside any package has none: what lies beside it, for example in ``site-packages``, is not its own.
    """
    packaged = "." in module.__name__ or hasattr(module, "__path__")
    return Path(module.__file__).parent if packaged and module.__file__ else None


def find_folder(name: str, home: Path | None, kind: str) -> Path | None:
    """Return the folder ``kind`` in a plugin's home if there is one.

    Raises PluginRefused when it, or a file in it, is a link that leads out: the host would hand out foreign files.
    """
    if home is None or not (home / kind).is_dir():
        return None
    folder = (home / kind).resolve()
    if not folder.is_relative_to(home.resolve()):
        raise _leads_out(name, kind, folder)
    for path in sorted(folder.rglob("*")):
        if not path.resolve().is_relative_to(folder):
            raise _leads_out(name, path.relative_to(folder.parent).as_posix(), path.resolve())
    return folder


def digest(folder: Path | None) -> str:
    """Return 16 hexadecimal digits that change with names and contents of a folder's files; empty without a folder."""
    if folder is None:
        return ""
    total = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        total.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()[:16]


def _leads_out(name: str, path: str, to: Path) -> PluginRefused:
    return PluginRefused(
        name,
        "%(path)s of the plugin %(name)s leads out of its folder, to %(to)s: put the file itself there.",
        path=path,
        to=str(to),
    )
