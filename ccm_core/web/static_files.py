# SPDX-License-Identifier: MIT
"""Static files of host and plugins, under addresses that change with their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from flask import Response

from ccm_core.errors import NotFound, PluginRefused
from ccm_core.plugin_manager.registry import Registry
from ccm_core.texts import marked as _

FOLDER = Path(__file__).parent / "static"
KEPT = "public, max-age=31536000, immutable"
MISSING = _("This page does not exist.")


@cache
def _files() -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.is_file()}


@cache
def static_url(name: str) -> str:
    """Return the address of a static file of the host; raises KeyError when there is none."""
    return f"/static/{hashlib.sha256(_files()[name]).hexdigest()[:16]}/{name}"


def host_file(digest: str, name: str) -> Response:
    """Answer with a file of the host; raises NotFound, also for the address of another version."""
    if name not in _files() or static_url(name) != f"/static/{digest}/{name}":
        raise NotFound(MISSING)
    return _answer(_files()[name], name)


def plugin_file(registry: Registry, active: Collection[str], plugin: str, digest: str, path: str) -> Response:
    """Answer with a static file of an active plugin; raises NotFound. They are public (decision D21).

    A plugin that is not active is not loaded because somebody asks for its files.
    """
    if plugin not in active:
        raise NotFound(MISSING)
    try:
        loaded = registry.get(plugin)
    except PluginRefused as refused:
        raise NotFound(MISSING) from refused
    folder = loaded.static
    if folder is None or digest != loaded.static_hash:
        raise NotFound(MISSING)
    file = file_in(folder, path)
    return _answer(file.read_bytes(), file.name)


def file_in(folder: Path, path: str) -> Path:
    """Return a file that lies in a folder; raises NotFound for any other path, one that no system knows included."""
    try:
        file = (folder / path).resolve()
        found = file.is_relative_to(folder.resolve()) and file.is_file()
    except (OSError, ValueError):  # overlong, or with a NUL
        found = False
    if not found:
        raise NotFound(MISSING)
    return file


def _answer(content: bytes, name: str) -> Response:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = Response(content, mimetype=kind)
    response.headers["Cache-Control"] = KEPT
    return response
