# SPDX-License-Identifier: MIT
"""One tiny plugin per reason to refuse (``refused/``) or to fail (``failing/``), and one that does all right.

``installed`` makes them look installed: the module beside a ``*.dist-info`` folder on a path entry is a distribution.
"""

import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccm_core.plugin_manager.discovery import PluginRecord, discover

HERE = Path(__file__).parent
HOST_VERSION = "1.0.0"
TARGETS = {"target_missing": ":plugin", "target_class": ":Plugin", "object_unhashable": ":plugin"}
REQUIREMENTS = {"future_host": "ccm-core>=99"}


def names_of(kind: str) -> list[str]:
    """Return the stems of all plugins of a kind, ``refused`` or ``failing``."""
    return sorted(path.stem for path in (HERE / kind).glob("*.py"))


def plugin_name(stem: str) -> str:
    """Return the name that a plugin has: its module's name without underscores."""
    return stem.replace("_", "")


def lay_out(folder: Path, stem: str) -> None:
    """Copy a plugin into a folder and announce it there."""
    for kind in ("refused", "failing", "."):
        source = HERE / kind / stem
        if source.is_dir():
            shutil.copytree(source, folder / stem, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.with_suffix(".py").is_file():
            shutil.copy(source.with_suffix(".py"), folder)
    announce(
        folder,
        distribution=f"ccm-{plugin_name(stem)}",
        name=plugin_name(stem),
        target=stem + TARGETS.get(stem, ""),
        requires=REQUIREMENTS.get(stem, "ccm-core"),
    )


def announce(
    folder: Path,
    *,
    distribution: str,
    name: str,
    target: str,
    version: str = "1.0",
    requires: str = "ccm-core",
    headers: str = "",
) -> Path:
    """Write the metadata of a distribution with one plugin; returns their folder."""
    place = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    place.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\nRequires-Dist: {requires}\n{headers}"
    (place / "METADATA").write_text(metadata, "utf-8")
    (place / "entry_points.txt").write_text(f"[ccm.plugins]\n{name} = {target}\n", "utf-8")
    return place


@contextmanager
def installed(folder: Path, *stems: str) -> Iterator[dict[str, PluginRecord]]:
    """Install plugins in a folder on ``sys.path`` and give their records; afterwards forget their modules."""
    for stem in stems:
        lay_out(folder, stem)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield discover(HOST_VERSION, [str(folder)])
    finally:
        sys.path.remove(str(folder))
        forget_modules(folder)


def forget_modules(folder: Path) -> None:
    """Remove from ``sys.modules`` what was imported from a folder."""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)  # it knows the file also when the module took its name away
        if (getattr(spec, "origin", None) or "").startswith(str(folder)):
            del sys.modules[name]
