# SPDX-License-Identifier: MIT
"""Write the reference of everything that a plugin may use, from the code: ``make reference``."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import FunctionType

from ccm_core import plugin_api
from ccm_core.plugin_api import hookspecs

TARGET = Path(__file__).resolve().parents[1] / "docs" / "plugin-reference.md"
HEAD = """# Reference for plugins

Written by `make reference` from `ccm_core/plugin_api`. [plugins.md](plugins.md) says how it belongs together. A plugin
imports these names from `ccm_core.plugin_api`.

## Hooks
"""


def text() -> str:
    """Return the whole reference."""
    hooks = [part for hook in hooks_in_order() for part in _of_hook(hook)]
    types = [part for name in plugin_api.__all__ if name != "hookimpl" for part in _of_type(name)]
    return "\n".join([HEAD, *hooks, "## Values and services\n", *types]).rstrip() + "\n"


def hooks_in_order() -> list[FunctionType]:
    """Return every hook, as hookspecs.py has them."""
    found = [hook for name, hook in vars(hookspecs).items() if name.startswith("ccm_")]
    return [hook for hook in found if isinstance(hook, FunctionType)]


def _of_hook(hook: FunctionType) -> Iterator[str]:
    yield f"### {hook.__name__}\n"
    yield f"```python\n@hookimpl\ndef {hook.__name__}{_plain(str(inspect.signature(hook)))}: ...\n```\n"
    yield _words(hook.__doc__)


def _of_type(name: str) -> Iterator[str]:
    kind = getattr(plugin_api, name)
    yield f"### {name}\n"
    if not isinstance(kind, type):
        yield f"`{_plain(str(kind))}`\n"
        return
    yield _words(kind.__doc__)
    if is_dataclass(kind):
        yield from _table(fields(kind))
    else:
        yield from _methods(kind)


def _table(found: tuple[Field[object], ...]) -> Iterator[str]:
    rows = [f"| `{one.name}` | `{_cell(one.type)}` | {_default(one)} |" for one in found]
    yield "\n".join(["| field | type | default |", "| --- | --- | --- |", *rows]) + "\n"


def _methods(kind: type) -> Iterator[str]:
    for name, method in vars(kind).items():
        if isinstance(method, FunctionType) and not name.startswith("_"):
            signature = _plain(str(inspect.signature(method))).replace("(self, ", "(").replace("(self)", "()")
            yield f"- `{name}{signature}`: {_words(method.__doc__).strip()}"
    yield ""


def _default(one: Field[object]) -> str:
    if one.default is not MISSING:
        return f"`{one.default!r}`"
    return "empty" if one.default_factory is not MISSING else "none: must be given"


def _words(doc: str | None) -> str:
    """Return a docstring as Markdown: names in single backticks, each of its parts a line of its own."""
    plain = inspect.cleandoc(doc or "").replace("``", "`")
    return re.sub(r"\n+(?=(When|Returns|Fails|Returns and fails):)", "\n\n", plain) + "\n"


def _plain(signature: str) -> str:
    return signature.replace("'", "").replace("collections.abc.", "").replace("ccm_core.plugin_api.types.", "")


def _cell(annotation: object) -> str:
    return _plain(str(annotation)).replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
