# SPDX-License-Identifier: MIT
"""What the contract suite reads of a plugin without running it: its files, its imports, its texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import extract_from_ast

from ccm_core.plugin_manager.discovery import PluginRecord
from ccm_core.texts import LANGUAGES, host_texts, load

PUBLIC = ("ccm_core.plugin_api", "ccm_core.testing")
FRAMEWORKS = frozenset({"flask", "werkzeug", "sqlalchemy", "django", "starlette", "fastapi", "granian"})
"""What the host is built with, and its like: a plugin that uses it breaks when the host does without."""
_STARTS_WITH_PYTHON = re.compile(r"(^|/)([^/]+\.pth|(site|user)customize\.py)$")
_OF_A_CHECKOUT = ("_editable_impl_", "__editable__")
"""How the files begin that only lead to a checkout; they are no part of what is published."""
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def home_of(record: PluginRecord) -> Path:
    """Return the folder of the plugin's own package, or the file of a module without one."""
    module = record.target.partition(":")[0]
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise AssertionError(f"The module {module} has no file.")
    packaged = "." in module or spec.submodule_search_locations is not None
    return Path(spec.origin).parent if packaged else Path(spec.origin)


def sources(home: Path) -> Iterator[tuple[str, ast.Module]]:
    """Yield the plugin's Python files, by their names in the package."""
    files = sorted(home.rglob("*.py")) if home.is_dir() else [home]
    for file in files:
        name = file.relative_to(home.parent).as_posix()
        if "/tests/" not in f"/{name}":
            yield name, ast.parse(file.read_text("utf-8"), name)


def forbidden_imports(home: Path) -> list[str]:
    """Return every import of the host's private modules or of a framework, with file and line."""
    found = []
    for name, tree in sources(home):
        for node in ast.walk(tree):
            for module in _imported(node):
                private = module.partition(".")[0] == "ccm_core" and not _is_public(module)
                if private or module.partition(".")[0] in FRAMEWORKS:
                    found.append(f"{name}:{getattr(node, 'lineno', 0)} imports {module}")
    return found


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        if node.module == "ccm_core":
            return [f"ccm_core.{alias.name}" for alias in node.names]
        return [node.module]
    return []


def _is_public(module: str) -> bool:
    return any(module == public or module.startswith(f"{public}.") for public in PUBLIC)


def files_that_run_with_python(record: PluginRecord) -> list[str]:
    """Return files of the distribution that Python runs at every start, whether the plugin is active or not."""
    files = distribution(record.distribution).files or []
    found = [file for file in files if not file.name.startswith(_OF_A_CHECKOUT)]
    return [str(file) for file in found if _STARTS_WITH_PYTHON.search(str(file))]


def texts_of_templates(folder: Path | None) -> dict[str, list[str]]:
    """Return the texts that each template asks to be translated; raises AssertionError for one that cannot be read."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("*.html")) if folder else ():
        try:
            tree = Environment(autoescape=True).parse(file.read_text("utf-8"))
        except TemplateSyntaxError as error:
            raise AssertionError(f"{file.name}, line {error.lineno}: {error.message}") from None
        messages = [message for _, _, message in extract_from_ast(tree)]
        found[file.name] = [one for one in messages if isinstance(one, str)]
    return found


def untranslated(translations: Path | None, texts: list[str]) -> list[str]:
    """Return a sentence for each text without a translation, or with one that has other placeholders."""
    catalogues, found = load(translations), []
    for language in LANGUAGES[1:]:
        own, host = catalogues.into(language).catalogue, host_texts().into(language).catalogue
        for text in texts:
            translated = own.get(text, host.get(text, ("",)))[0]
            if not translated:
                found.append(f"{language}.po has no translation of {text!r}.")
            elif sorted(_PLACEHOLDER.findall(translated)) != sorted(_PLACEHOLDER.findall(text)):
                found.append(f"{language}.po has other placeholders than {text!r}.")
    return found


_SHOWN = {"Section": (0,), "Page": (0,), "Redirect": (1,), "Refused": (1,), "Notice": (0, 1)}
"""Which arguments of the values that a plugin returns are texts that people read."""


def texts_of_values(home: Path) -> list[str]:
    """Return the texts that people read, as far as they stand in the source or are named by a constant of a module."""
    trees = [tree for _, tree in sources(home)]
    constants = {name: node for tree in trees for name, node in _constants(tree)}
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [
        text
        for call in calls
        for place in _SHOWN.get(call.func.id if isinstance(call.func, ast.Name) else "", ())
        for argument in call.args[place : place + 1]
        for text in _texts(argument, constants)
    ]
    return sorted(set(filter(None, found)))


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _texts(node: ast.expr, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name | ast.Attribute):
        named = constants.get(node.id if isinstance(node, ast.Name) else node.attr)
        if isinstance(named, ast.Constant):
            yield from _texts(named, {})
    elif isinstance(node, ast.Tuple | ast.IfExp):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _texts(child, constants)


def keeps_something(home: Path) -> bool:
    """Whether the source puts something into a store or begins an enrolment."""
    calls = [node.func for _, tree in sources(home) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {
        (ast.unparse(call.value).rpartition(".")[2], call.attr) for call in calls if isinstance(call, ast.Attribute)
    }
    return bool(names & {("store", "put"), ("enrolments", "begin")})
