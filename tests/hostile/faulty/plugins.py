# SPDX-License-Identifier: MIT
"""Makes the plugins of the matrix, and one that tells what it was handed, in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.bad_plugins import announce
from tests.hostile.faulty.matrix import CELLS, PARTS, Cell

WITNESS = "witness"
"""It comes after every plugin of the matrix, and shows what it was handed."""

WHOLE = ("goneinone", "goneforconfirmation", "goneforreset")
"""Plugins without a fault, each for a test that deletes it."""

ARGUMENTS = {
    "challenge": "login",
    "sections": "account",
    "usersections": "subject",
    "reset": "reset",
    "signedin": "event",
}
HEAD = """
from asyncio import CancelledError
from threading import Event

import click
from markupsafe import Markup

from ccm_core.plugin_api import (
    Challenge, Page, Passed, Refused, Route, Section, SettingField, SettingsForm, hookimpl,
)

OTHER = {"id": 1, "name": "somebody else", "email": "else@example.org", "language": []}


class Lookalike(Passed):
    pass


def force(value, **changes):
    for name, change in changes.items():
        object.__setattr__(value, name, change)


def view(request):
    VIEW
"""
IMPORTS = {"importerror": "import a_module_that_nobody_has\n", "importexits": "raise SystemExit('no licence')\n"}
PART, BROKEN = '<p>drawn</p><input name="code">', "{{ nothing.there }}"


def lay_out(folder: Path) -> None:
    """Install every plugin of the matrix that can be installed, the witness, and some without a fault."""
    for cell in CELLS:
        if cell.fault == "missing":
            continue
        _write(folder, cell.plugin, _code(cell))
        if cell.fault == "twice":
            announce(folder, distribution=f"another-{cell.plugin}", name=cell.plugin, target=module(cell.plugin))
    for plugin in WHOLE:
        _write(folder, plugin, _code(Cell("", "")))
    _write(folder, WITNESS, WITNESS_CODE)


def module(plugin: str) -> str:
    """Return the name of a plugin's package."""
    return f"faulty_{plugin}"


def delete(folder: Path, plugin: str) -> None:
    """Delete the folder of a plugin's package; what the distribution says of itself stays."""
    shutil.rmtree(folder / module(plugin))


def _write(folder: Path, plugin: str, code: str) -> None:
    announce(folder, distribution=f"ccm-{plugin}", name=plugin, target=module(plugin))
    templates = folder / module(plugin) / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "__init__.py").write_text(code.replace("NAME", plugin), "utf-8")
    (templates / "part.html").write_text(PART, "utf-8")
    (templates / "broken.html").write_text(BROKEN, "utf-8")


def _code(cell: Cell) -> str:
    lines = [IMPORTS.get(cell.fault, ""), HEAD.replace("VIEW", cell.body("view"))]
    for part, hook in PARTS.items():
        if part in {"verify", "view"}:
            continue
        wraps = part == cell.part and cell.fault == "wrapper"
        inner = ["    def verify(answer, now):", f"        {cell.body('verify')}"] if part == "challenge" else []
        body = "return (yield)" if wraps else cell.body(part)
        mark = "@hookimpl(wrapper=True)" if wraps else "@hookimpl"
        lines += [mark, f"def {hook}({ARGUMENTS.get(part, '')}):", *inner, f"    {body}", ""]
    return "\n".join(lines)


WITNESS_CODE = f"""
from ccm_core.plugin_api import Page, Route, Section, hookimpl

heard = []


def told(user):
    return f"{{user.name}}, {{user.email}}, {{user.language}}"


@hookimpl
def ccm_account_sections(account):
    return [Section(f"{{told(account.user)}}, {{account.allowed}}", "plugins/{WITNESS}/part.html")]


@hookimpl
def ccm_user_sections(subject):
    return [Section(f"{{told(subject.user)}}, {{subject.allowed}}", "plugins/{WITNESS}/part.html")]


@hookimpl
def ccm_password_reset(reset):
    return f"Witnessed: {{told(reset.user)}}."


@hookimpl
def ccm_signed_in(event):
    heard.append(f"{{told(event.user)}}, {{event.factor}}, {{event.at > 0}}")


@hookimpl
def ccm_pages():
    return [Route("GET", "heard", lambda request: Page(heard[-1], "plugins/{WITNESS}/part.html"))]
"""
