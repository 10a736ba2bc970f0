# SPDX-License-Identifier: MIT
"""Every text that a person reads on a page or in a mail is in the German catalogues, and nothing else is."""

import ast
import builtins
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from ccm_core import app, errors
from ccm_core.plugin_api import Refused
from ccm_core.web.template_folder import template_folder

REPOSITORY = Path(__file__).resolve().parents[2]
HOST = REPOSITORY / "ccm_core"
PLUGINS = {path.name.removeprefix("ccm_"): path for path in sorted(REPOSITORY.glob("plugins/*/ccm_*"))}
CATALOGUES = {name: path / "translations" / "de.po" for name, path in {"host": HOST, **PLUGINS}.items()}

ENGLISH = (errors.ConfigError, errors.SealError, errors.PluginRefused, errors.PluginFailed)
"""Errors that only the console, the log and the authors of plugins read."""

FIXED = {
    "Username or e-mail address": "Benutzername oder E-Mail-Adresse",
    "Password": "Passwort",
    "Log in": "Anmelden",
    "Forgot your password?": "Passwort vergessen?",
    "Back": "Zurück",
    "Account settings": "Kontoeinstellungen",
    "Log out": "Abmelden",
    "E-mail address or username": "E-Mail-Adresse oder Benutzername",
    "Send link": "Link senden",
    "New password": "Neues Passwort",
    "Repeat password": "Passwort wiederholen",
    "Save new password": "Neues Passwort speichern",
    "Your session has expired.": "Ihre Sitzung ist abgelaufen.",
    "Continue": "Weiter",
    "Current password": "Aktuelles Passwort",
    "Change password": "Passwort ändern",
    "Activate": "Aktivieren",
    "Deactivate": "Deaktivieren",
    "Settings": "Einstellungen",
    "Activate directly for all users": "Direkt für alle Benutzer aktivieren",
    "Allow": "Freischalten",
    "Revoke": "Entziehen",
}
_SENTENCE = re.compile(r"[A-Z%].* .*[.?!:]", re.DOTALL)
_PLACE = re.compile(r"%\((\w+)\)[a-z]")
_EXTRACTOR = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


@dataclass(frozen=True)
class Found:
    """The texts of one Python module: marked ones, and sentences that nothing marks."""

    marked: set[str]
    unmarked: set[str]


def subclasses(cls: type[errors.CcmError]) -> Iterator[type[errors.CcmError]]:
    for child in cls.__subclasses__():
        yield child
        yield from subclasses(child)


def message_positions() -> dict[str, int]:
    """Where each call has its message ids: the markers, and what carries a sentence to a person."""
    assert app.MODULES  # importing the application has imported every module that defines an error
    telling = [cls for cls in subclasses(errors.CcmError) if cls not in ENGLISH]
    positions = {cls.__name__: list(inspect.signature(cls).parameters).index("message") for cls in [*telling, Refused]}
    return positions | {"_": 0, "gettext": 0, "ngettext": 0}


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def is_silent(call: ast.Call) -> bool:
    """Whether a call tells only the console, the log or a programmer."""
    builtin = getattr(builtins, called(call), None)
    programming = inspect.isclass(builtin) and issubclass(builtin, Exception)
    return programming or called(call) in {cls.__name__ for cls in ENGLISH}


def passed_over(tree: ast.Module) -> Iterator[ast.AST]:
    """Docstrings, formatted strings, what silent calls hold, and the constants that are named in them."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_silent(node)]
    named = {part.id for call in calls for part in ast.walk(call) if isinstance(part, ast.Name)}
    for node in ast.walk(tree):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        constant = isinstance(node, ast.Assign) and {getattr(one, "id", "") for one in node.targets} <= named
        if docstring or constant or node in calls or isinstance(node, ast.JoinedStr):
            yield from ast.walk(node)


def strings(nodes: Iterable[ast.AST]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)} - {""}


def texts_of(path: Path, positions: dict[str, int]) -> Found:
    tree = ast.parse(path.read_text("utf-8"))
    marked: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in positions:
            first = positions[called(node)]
            marked |= strings(node.args[first : first + (2 if called(node) == "ngettext" else 1)])
    ignored = {id(node) for node in passed_over(tree)}
    literals = strings(node for node in ast.walk(tree) if id(node) not in ignored)
    return Found(marked, {text for text in literals if _SENTENCE.fullmatch(text)} - marked)


def template_texts(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in sorted(folder.rglob("*.html")):
        for _, _, message in _EXTRACTOR.extract_translations(path.read_text("utf-8")):
            parts = message if isinstance(message, tuple) else (message,)
            found |= {part for part in parts if part}
    return found


def host_modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (HOST / folder).rglob("*.py"))


def host_texts() -> set[str]:
    positions = message_positions()
    modules = host_modules("db", "plugin_manager", "services", "web")
    return template_texts(template_folder()).union(*(texts_of(path, positions).marked for path in modules))


FOR_PROGRAMS = {"exposition.py", "figures.py"}
"""What is said of a figure goes to Prometheus, which knows one language."""


def plugin_texts(plugin: Path) -> set[str]:
    """A plugin marks nothing in its code: every sentence there is one, but for those of the console."""
    modules = sorted(path for path in plugin.glob("*.py") if path.name != "commands.py")
    found = [texts_of(path, {}) for path in modules]
    return template_texts(plugin / "templates").union(*(one.unmarked for one in found))


def read(name: str) -> Catalog:
    with CATALOGUES[name].open("rb") as file:
        return read_po(file, locale="de", abort_invalid=True)


def ids_of(catalogue: Catalog) -> set[str]:
    found: set[str] = set()
    for message in catalogue:
        found |= set(message.id if isinstance(message.id, tuple) else (message.id,))
    return found - {""}


@pytest.fixture(params=CATALOGUES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_host_catalogue_holds_exactly_the_texts_that_are_shown():
    shown, kept = host_texts(), ids_of(read("host"))
    assert sorted(shown - kept) == []
    assert sorted(kept - shown) == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_s_catalogue_holds_every_text_of_its_pages_and_its_sentences(plugin: str):
    assert plugin_texts(PLUGINS[plugin])
    assert sorted(plugin_texts(PLUGINS[plugin]) - ids_of(read(plugin))) == []


def test_every_sentence_of_services_and_pages_is_marked_for_the_catalogue():
    positions = message_positions()
    found = {path.name: texts_of(path, positions).unmarked for path in host_modules("services", "web")}
    assert {module for module, texts in found.items() if texts} == FOR_PROGRAMS


def test_the_host_translates_no_variable_in_a_template_since_nobody_could_find_its_text():
    for path in sorted(template_folder().rglob("*.html")):
        calls = _EXTRACTOR.parse(path.read_text("utf-8")).find_all(jinja2.nodes.Call)
        translating = [call for call in calls if getattr(call.node, "name", "") in {"_", "ngettext"}]
        assert all(isinstance(call.args[0], jinja2.nodes.Const) for call in translating), path.name


def test_no_text_of_a_page_is_left_outside_of_the_catalogue():
    for path in sorted(template_folder().rglob("*.html")):
        source = re.sub(r"{% block body_attributes %}.*?{% endblock %}", "", path.read_text("utf-8"), flags=re.DOTALL)
        source = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", source, flags=re.DOTALL)
        attributes = re.findall(r'(?:aria-label|title|placeholder|alt)="\s*([A-Za-z][^"]*)"', source)
        words = re.findall("[A-Za-z]+", re.sub(r"<[^>]*>", " ", source))
        assert (attributes, words) == ([], []), path.name


def test_every_text_has_a_translation_that_is_neither_empty_nor_doubtful(name: str):
    catalogue = read(name)
    assert catalogue.num_plurals == 2
    assert not catalogue.obsolete
    for message in catalogue:
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert len(forms) == (2 if isinstance(message.id, tuple) else 1), message.id
        assert all(forms), message.id
        assert not message.fuzzy or not message.id, message.id


def test_no_text_stands_twice_in_a_catalogue(name: str):
    catalogue = read(name)
    assert len(re.findall(r"(?m)^msgid ", CATALOGUES[name].read_text("utf-8"))) == len(list(catalogue))


def test_translations_keep_the_places_for_values(name: str):
    for message in read(name):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        places = {frozenset(_PLACE.findall(text)) for text in (*ids, *forms)}
        assert len(places) == 1, message.id
        assert all("%" not in _PLACE.sub("", text) for text in forms), message.id


def test_sentences_stay_sentences(name: str):
    for message in read(name):
        if message.id and isinstance(message.id, str):
            assert str(message.string)[-1] == message.id[-1] or message.id[-1].isalnum(), message.id
            assert message.id[-1] == "." or not str(message.string).endswith("."), message.id


def test_the_fixed_wording_is_kept():
    catalogue = read("host")
    assert {text: catalogue[text].string for text in FIXED} == FIXED
