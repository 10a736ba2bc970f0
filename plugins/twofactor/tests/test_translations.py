# SPDX-License-Identifier: MIT
"""Every text that a person reads is in the German catalogue, and nothing else is."""

import ast
import re
from collections.abc import Callable
from importlib.metadata import metadata
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2 import Environment

from ccm_core.plugin_api import Page
from ccm_twofactor import totp

PACKAGE = Path(str(files("ccm_twofactor")))

FIXED = {
    "You have asked for a 6-digit login code from your smartphone whenever someone tries to access this account.": (
        "Sie haben darum gebeten, einen 6-stelligen Anmeldecode von Ihrem Smartphone abzufragen, wenn jemand versucht "
        "auf dieses Konto zuzugreifen."
    ),
    "Login code": "Anmeldecode",
    "2-factor authentication": "2-Faktor-Authentifizierung",
    "Enable 2-factor authentication with a smartphone app": (
        "2-Faktor-Authentifizierung mit einer Smartphone-App aktivieren"
    ),
    "Disable 2-factor authentication with a smartphone app": (
        "2-Faktor-Authentifizierung mit einer Smartphone-App deaktivieren"
    ),
    "Type": "Typ",
    "Secret key": "Geheimer Schlüssel",
    "Hash function": "Hashfunktion",
    "Digits": "Ziffern",
    "Period (seconds)": "Zeitraum (Sekunden)",
    "Activate": "Aktivieren",
    "Disable": "Deaktivieren",
    "Back": "Zurück",
    "2-factor authentication successfully enabled.": "2-Faktor-Authentifizierung erfolgreich aktiviert.",
    "2-factor authentication successfully disabled.": "2-Faktor-Authentifizierung erfolgreich deaktiviert.",
}


@pytest.fixture
def catalogue() -> Catalog:
    with (PACKAGE / "translations" / "de.po").open("rb") as file:
        return read_po(file, locale="de", abort_invalid=True)


def template_texts() -> set[str]:
    """What the templates pass to ``_``, but for messages that the code hands to them."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    sources = [path.read_text("utf-8") for path in (PACKAGE / "templates").iterdir()]
    return {str(text) for source in sources for _, _, text in environment.extract_translations(source) if text}


def code_texts() -> set[str]:
    """Every literal with a blank in it that is no docstring; the console speaks English only."""
    found = set()
    for name in ("plugin.py", "pages.py", "totp.py"):
        tree = ast.parse((PACKAGE / name).read_text("utf-8"))
        statements = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
        parts = [part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values]
        ignored = {id(node) for node in [*statements, *parts]}
        constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in ignored]
        found |= {node.value for node in constants if isinstance(node.value, str) and " " in node.value.strip()}
    return found


def description() -> str:
    """What plugin management shows under the label, which is the title of the plugin's pages."""
    return metadata("ccm-twofactor")["Summary"].partition(": ")[2]


def test_the_german_catalogue_holds_exactly_the_texts_that_are_shown(catalogue: Catalog) -> None:
    assert {message.id for message in catalogue if message.id} == template_texts() | code_texts() | {description()}


def test_every_text_is_translated_and_none_is_doubtful(catalogue: Catalog) -> None:
    for message in catalogue:
        if message.id:
            assert message.string
            assert message.string != message.id
            assert not message.fuzzy


def test_the_fixed_wording_is_kept(catalogue: Catalog) -> None:
    assert {text: catalogue[text].string for text in FIXED} == FIXED


@pytest.mark.parametrize("message", [totp.WRONG, totp.USED])
def test_a_refusal_is_shown_in_the_language_of_the_page(
    catalogue: Catalog, draw: Callable[..., str], message: str
) -> None:
    context = {"purpose": "removal", "error": message, "back": "/account"}
    page = Page("2-factor authentication", "plugins/twofactor/disable.html", context)
    german = catalogue[message].string
    assert german in draw(page, lambda text: catalogue[text].string)


def test_sentences_stay_sentences_and_buttons_are_quoted_as_they_are_called(catalogue: Catalog) -> None:
    for message in catalogue:
        if message.id:
            german = str(message.string)
            assert german.endswith(".") == str(message.id).endswith(".")
            quoted = [catalogue[button].string for button in re.findall("“(.*?)”", str(message.id))]
            assert re.findall("„(.*?)“", german) == quoted


def test_no_text_of_a_template_is_left_outside_of_the_catalogue() -> None:
    for path in (PACKAGE / "templates").iterdir():
        outside = re.sub(r"{[{%].*?[%}]}|<[^>]*>", " ", path.read_text("utf-8"), flags=re.DOTALL)
        assert not re.findall("[A-Za-z]+", outside), path.name
