# SPDX-License-Identifier: MIT
"""Texts in the reader's language. Catalogues are ``<language>.po`` files; English texts are the message ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("en", "de")
"""What a person can choose; the first is used when nothing fits."""


def marked(text: str) -> str:
    """Mark a text for the catalogues where it is written; it is translated where it is shown. Imported as ``_``."""
    return text


Catalogue = Mapping[str, tuple[str, ...]]
"""Message id to its translations: one, or one per plural form."""


@dataclass(frozen=True, slots=True)
class Translator:
    """Texts of one catalogue in one language; a text without translation stays English."""

    language: str
    catalogue: Catalogue = field(default_factory=dict, repr=False)

    def gettext(self, message: str) -> str:
        """Translate one text."""
        found = self.catalogue.get(message)
        return found[0] if found else message

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Translate a text that depends on a number (English and German share the rule: one, or not one)."""
        found = self.catalogue.get(singular)
        forms = found if found and len(found) > 1 else (singular, plural)
        return forms[0 if number == 1 else 1]


@dataclass(frozen=True, slots=True)
class Texts:
    """The catalogues of one domain: the host's, or one plugin's."""

    catalogues: Mapping[str, Catalogue]

    def into(self, language: str) -> Translator:
        """Return the translator for a language."""
        return Translator(language, self.catalogues.get(language, {}))


def load(folder: Path | None) -> Texts:
    """Read the ``.po`` files of a folder; a missing folder is a domain without translations."""
    if folder is None or not folder.is_dir():
        return Texts({})
    return Texts({path.stem: _read(path) for path in sorted(folder.glob("*.po"))})


def host_texts() -> Texts:
    """Return the host's own catalogues."""
    return load(Path(__file__).parent / "translations")


def _read(path: Path) -> Catalogue:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    texts: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if all(forms):
            texts[key] = forms
    return texts


def best_language(accept_language: str) -> str:
    """Choose from an ``Accept-Language`` header; the first of ``LANGUAGES`` when nothing fits."""
    ranked = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        name, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        language = name.strip().lower().partition("-")[0]
        if language in LANGUAGES and quality > 0:
            ranked.append((-quality, position, language))
    return min(ranked)[2] if ranked else LANGUAGES[0]
