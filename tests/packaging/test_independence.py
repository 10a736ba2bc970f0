# SPDX-License-Identifier: MIT
"""The host knows no plugin: it has no import, name or special case of the plugins beside it."""

import re
import tomllib
from pathlib import Path

from tests.packaging.environment import ROOT

PLUGIN_WORDS = re.compile(r"twofactor|totp|otpauth|pyotp|qrcode|signins", re.IGNORECASE)


def test_no_file_of_the_host_names_a_plugin() -> None:
    texts = {".py", ".html", ".js", ".css", ".po", ".pot", ".mako", ".txt", ".toml", ".svg", ".ini", ".typed"}
    files = [
        path for folder in ("ccm_core", "templates") for path in (ROOT / folder).rglob("*") if path.suffix in texts
    ]
    assert len(files) > 20
    assert [str(file) for file in files if PLUGIN_WORDS.search(f"{relative(file)}\n{file.read_text('utf-8')}")] == []


def relative(file: Path) -> Path:
    return file.relative_to(ROOT)


def test_the_host_needs_nothing_that_only_a_plugin_uses() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert [need for need in project["dependencies"] if PLUGIN_WORDS.search(need)] == []
