# SPDX-License-Identifier: MIT
"""The rules of docs/architecture.md that a program can check: who imports what, sizes, docstrings, names."""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOST = ROOT / "ccm_core"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
SOURCES = [HOST, *PLUGINS, ROOT / "tests", ROOT / "bench", ROOT / "tools"]

LAYERS = [
    {"config", "errors", "texts"},
    {"db"},
    {"plugin_api"},
    {"plugin_manager"},
    {"services"},
    {"web"},
    {"app"},
    {"cli", "testing"},
]
"""From the bottom: a part imports from itself and from lower layers; the lowest layer also sideways."""

THIRD_PARTY = {
    "alembic": {"db"},
    "argon2": {"services", "testing"},
    "babel": {"texts", "web"},
    "click": {"cli", "plugin_manager"},
    "cryptography": {"services"},
    "flask": {"app", "web"},
    "granian": {"cli", "testing"},
    "httpx": {"testing"},
    "jinja2": {"testing", "web"},  # the contract suite reads the templates of plugins
    "markupsafe": {"web"},
    "nacl": {"services"},
    "packaging": {"plugin_manager"},
    "pluggy": {"plugin_api", "plugin_manager"},
    "prometheus_client": {"web"},
    "psycopg": {"db"},
    "pytest": {"testing"},
    "sqlalchemy": {"db", "services", "testing"},
    "structlog": {"app", "cli", "services", "web"},
    "werkzeug": {"app", "plugin_manager", "web"},
    "wtforms": {"web"},
}
"""Which parts of the host may import a package. Whatever is not named here may not be imported at all."""

FOR_TYPES_ONLY = {("click", "plugin_api")}
WEB_FRAMEWORKS = {"bottle", "django", "fastapi", "flask", "quart", "starlette", "tornado", "werkzeug"}
MOST_FILE_LINES, MOST_FUNCTION_LINES = 280, 45
FORBIDDEN_IN_TESTS = re.compile(
    r"\b(importorskip|pytest\.skip|mark\.skip|mark\.skipif|xfail|time\.sleep|unittest\.mock)\b"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported module, and whether only a type checker sees the import."""

    module: str
    for_types: bool

    @property
    def package(self) -> str:
        return self.module.split(".")[0]


def python_files(*folders: Path) -> list[Path]:
    return sorted(file for folder in folders for file in folder.rglob("*.py"))


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"), str(file))


def imports(node: ast.AST, *, for_types: bool = False) -> Iterator[Import]:
    """Yield every import below ``node``, inside functions too; ``from a import b`` is ``a.b``."""
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, for_types) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (Import(f"{'.' * node.level}{node.module or ''}.{alias.name}", for_types) for alias in node.names)
    typing_block = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    for child in ast.iter_child_nodes(node):
        yield from imports(child, for_types=for_types or typing_block)


def third_party(file: Path) -> Iterator[Import]:
    ours = {"ccm_core", *(package.name for plugin in PLUGINS for package in plugin.glob("ccm_*"))}
    return (found for found in imports(tree_of(file)) if found.package not in {"", *sys.stdlib_module_names} | ours)


def part_of(file: Path) -> str:
    """Return the part of the host that a file belongs to; the package's own ``__init__`` counts as the lowest."""
    first = file.relative_to(HOST).parts[0].removesuffix(".py")
    return "errors" if first == "__init__" else first


def layer_of(part: str) -> int:
    """Return the height of a part; an unknown one is an error here, so that nobody adds a part without a place."""
    return next(height for height, parts in enumerate(LAYERS) if part in parts)


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def test_imports_go_downwards_only() -> None:
    wrong = []
    for file in python_files(HOST):
        here = part_of(file)
        for found in imports(tree_of(file)):
            if found.package != "ccm_core" or found.module.count(".") == 0:
                continue
            there = found.module.split(".")[1]
            lowest = layer_of(here) == layer_of(there) == 0
            if there != here and not lowest and layer_of(there) >= layer_of(here):
                wrong.append(f"{name_of(file)} imports {found.module}")
    assert not wrong


def test_every_import_is_absolute() -> None:
    wrong = [
        f"{name_of(file)}: {found.module}"
        for file in python_files(*SOURCES)
        for found in imports(tree_of(file))
        if found.module.startswith(".")
    ]
    assert not wrong


def test_a_third_party_package_stays_in_its_layer() -> None:
    wrong = [
        f"{name_of(file)} imports {found.package}"
        for file in python_files(HOST)
        for found in third_party(file)
        if part_of(file) not in THIRD_PARTY.get(found.package, set())
        and not (found.for_types and (found.package, part_of(file)) in FOR_TYPES_ONLY)
    ]
    assert not wrong


def test_the_host_declares_every_package_that_it_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needs = project["dependencies"] + [need for extra in project["optional-dependencies"].values() for need in extra]
    assert undeclared(python_files(HOST), needs) == set()


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_declares_every_package_that_it_imports(plugin: Path) -> None:
    needs = tomllib.loads((plugin / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert undeclared(python_files(*plugin.glob("ccm_*")), needs) == set()


def undeclared(files: list[Path], needs: list[str]) -> set[str]:
    """Return the imported packages of which no distribution is among the requirements ``needs``."""
    declared = {re.split(r"[^\w.-]", need)[0].lower() for need in needs}
    providers = packages_distributions()
    imported = {found.package for file in files for found in third_party(file)}
    named = {name: {provider.lower().replace("_", "-") for provider in providers.get(name, ())} for name in imported}
    return {name for name, distributions in named.items() if not distributions & declared}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_imports_of_the_host_only_what_is_public(plugin: Path) -> None:
    wrong = []
    for file in python_files(plugin):
        public = {"plugin_api", "testing"} if plugin / "tests" in file.parents else {"plugin_api"}
        for found in imports(tree_of(file)):
            private = found.package == "ccm_core" and found.module.split(".")[1:2] not in [[part] for part in public]
            if private or found.package in WEB_FRAMEWORKS:
                wrong.append(f"{name_of(file)} imports {found.module}")
    assert not wrong


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield every attribute and string below ``node`` except where a failure is told, which may name the hook."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"Fault", "PluginFailed"}:
        return
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from names_in(child)


def test_each_hook_is_called_in_one_function_of_one_file() -> None:
    hooks = {node.name for node in functions(tree_of(HOST / "plugin_api" / "hookspecs.py"))}
    places = defaultdict(set)
    for file in python_files(HOST):
        if part_of(file) == "testing":  # names hooks, and calls none
            continue
        for function in functions(tree_of(file)):
            for hook in hooks.intersection(names_in(function)):
                places[hook].add((name_of(file), function.name))
    assert {file for found in places.values() for file, _ in found} == {"ccm_core/plugin_manager/calls.py"}
    assert {hook: len(places[hook]) for hook in hooks} == dict.fromkeys(hooks, 1)


def test_no_file_and_no_function_grows_too_long() -> None:
    files = python_files(*SOURCES)
    long = [name_of(file) for file in files if len(file.read_text("utf-8").splitlines()) > MOST_FILE_LINES]
    for file in files:
        for function in functions(tree_of(file)):
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > MOST_FUNCTION_LINES:
                long.append(f"{name_of(file)}: {function.name} has {lines} lines")
    assert not long


def test_every_file_names_its_licence_and_says_what_it_is() -> None:
    wrong = [
        name_of(file)
        for file in python_files(*SOURCES)
        if not file.read_text("utf-8").startswith("# SPDX-License-Identifier: MIT\n")
        or not ast.get_docstring(tree_of(file))
    ]
    assert not wrong


@pytest.mark.parametrize("part", ["plugin_api", "testing"])
def test_all_that_is_public_has_a_docstring(part: str) -> None:
    silent = []
    for file in python_files(HOST / part):
        tree = tree_of(file)
        public = [node for node in tree.body if isinstance(node, Function | ast.ClassDef) and node.name[0] != "_"]
        for owner in list(public):
            if isinstance(owner, ast.ClassDef):
                public += [node for node in owner.body if isinstance(node, Function) and node.name[0] != "_"]
        silent += [f"{name_of(file)}: {node.name}" for node in public if not ast.get_docstring(node)]
    assert not silent


def test_no_test_is_skipped_expected_to_fail_or_waits_for_the_clock() -> None:
    wrong = []
    for file in python_files(ROOT / "tests", *(plugin / "tests" for plugin in PLUGINS)):
        if file == Path(__file__) or ROOT / "tests" / "bad_plugins" in file.parents:
            continue
        tree = tree_of(file)
        used = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
        used += [found.module for found in imports(tree)]
        wrong += [f"{name_of(file)} uses {name}" for name in used if FORBIDDEN_IN_TESTS.search(name)]
    assert not wrong
