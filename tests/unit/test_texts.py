# SPDX-License-Identifier: MIT
"""Texts: the language that fits best, and what a catalogue does with what it does not know."""

from pathlib import Path

import pytest

from ccm_core.texts import LANGUAGES, Texts, best_language, host_texts, load

CATALOGUE = r"""
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "Log in"
msgstr "Anmelden"

msgid "Not yet"
msgstr ""

#, fuzzy
msgid "Doubtful"
msgstr "Zweifelhaft"

msgid "%(count)s user"
msgid_plural "%(count)s users"
msgstr[0] "%(count)s Benutzer"
msgstr[1] "%(count)s Benutzende"

msgid "half"
msgid_plural "halves"
msgstr[0] "halb"
msgstr[1] ""
"""


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("en;q=0.4, de;q=0.5", "de"),
        ("de;q=0.5, en;q=0.5", "de"),
        ("en, de", "en"),
        ("de;q=0", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("deu", "en"),
        ("de;q=nonsense, en", "en"),
        ("de;q=nan", "en"),
        ("de;q=-1", "en"),
        ("de ; q=0.9", "de"),
        (",,;;=,", "en"),
        ("x," * 30 + "de", "en"),
        ("de" * 100_000, "en"),
        ("de\0", "en"),
    ],
)
def test_the_language_that_fits_best(header: str, language: str) -> None:
    assert best_language(header) == language


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    (tmp_path / "de.po").write_text(CATALOGUE, "utf-8")
    return load(tmp_path)


def test_what_is_translated_is_told_in_the_language(texts: Texts) -> None:
    assert texts.into("de").gettext("Log in") == "Anmelden"
    assert texts.into("en").gettext("Log in") == "Log in"
    assert texts.into("fr").gettext("Log in") == "Log in"


@pytest.mark.parametrize("message", ["Not yet", "Doubtful", "never seen", "", "half"])
def test_what_is_not_translated_stays_as_it_is(texts: Texts, message: str) -> None:
    assert texts.into("de").gettext(message) == message


@pytest.mark.parametrize(
    ("number", "text"), [(0, "%(count)s Benutzende"), (1, "%(count)s Benutzer"), (2, "%(count)s Benutzende")]
)
def test_a_number_chooses_the_form(texts: Texts, number: int, text: str) -> None:
    assert texts.into("de").ngettext("%(count)s user", "%(count)s users", number) == text


@pytest.mark.parametrize(("number", "text"), [(0, "halves"), (1, "half"), (7, "halves")])
def test_a_form_that_is_missing_leaves_both_as_they_are(texts: Texts, number: int, text: str) -> None:
    assert texts.into("de").ngettext("half", "halves", number) == text


def test_no_folder_is_a_domain_without_translations(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "missing", tmp_path):
        assert load(folder) == Texts({})


def test_the_host_speaks_every_language_that_can_be_chosen() -> None:
    catalogues = host_texts().catalogues
    assert set(LANGUAGES) - {"en"} <= set(catalogues)
    assert catalogues["de"]["Log in"] == ("Anmelden",)
