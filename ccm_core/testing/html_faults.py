# SPDX-License-Identifier: MIT
"""What is wrong with a page: what the content security policy blocks, what shuts out people with a screen reader."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

_CONTROLS = frozenset({"input", "select", "textarea"})
_UNLABELLED = frozenset({"hidden", "submit", "button", "reset", "image"})
_LOADS = {
    "form": ("action",),
    "button": ("formaction",),
    "link": ("href",),
    "object": ("data",),
    **dict.fromkeys(
        ("audio", "embed", "iframe", "img", "input", "script", "source", "track", "video"), ("src", "srcset")
    ),
}
_ELSEWHERE = re.compile(r"\s*([a-z]+:)?//", re.IGNORECASE)
_SCRIPT_TYPES = re.compile(r"|module|importmap|.*(java|ecma)script.*", re.IGNORECASE)
"""Other types are data, which no browser runs and no policy blocks."""
_HEADING = re.compile(r"h([1-6])")
_NAMED = ("aria-label", "aria-labelledby", "title")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)

Attributes = dict[str, str]


def faults_of(html: str) -> list[str]:
    """Return a sentence for everything that is wrong with a page; empty when nothing is."""
    reader = _Reader(html)
    return [*reader.faults, *reader.faults_of_the_whole()]


class _Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self._ids: Counter[str] = Counter()
        self._controls: list[tuple[str, Attributes, bool]] = []
        self._label_targets: set[str] = set()
        self._references: list[tuple[str, str]] = []
        self._open: list[tuple[str, Attributes, list[str]]] = []
        self._level = 0
        self._form: Attributes | None = None
        self._has_token = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        self._check_policy(tag, at)
        self._note_names(tag, at)
        self._check_pictures(tag, at)
        if tag in _CONTROLS and at.get("type") not in _UNLABELLED and "hidden" not in at:
            self._controls.append((tag, at, any(name == "label" for name, _, _ in self._open)))
        if tag == "form":
            self._form, self._has_token = at, False
        if self._form is not None and tag == "input" and at.get("name") == "page_token":
            self._has_token = True
        if found := _HEADING.fullmatch(tag):
            self._check_level(int(found[1]))
        self.handle_data(at.get("alt", "") + at.get("aria-label", ""))
        if tag not in _VOID:
            self._open.append((tag, at, []))

    def handle_data(self, data: str) -> None:
        for _, _, words in self._open:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _, _ in self._open):
            return
        while self._open:
            name, at, words = self._open.pop()
            self._check_closed(name, at, "".join(words).strip())
            if name == tag:
                break

    def faults_of_the_whole(self) -> list[str]:
        """Return what only the whole page shows: labels, references, ids."""
        found = [
            f"The id {name!r} stands on several elements: give each its own." for name, n in self._ids.items() if n > 1
        ]
        for name, target in self._references:
            if target not in self._ids:
                found.append(f"{name} names {target!r}, which no element has as its id.")
        for tag, at, inside in self._controls:
            if not (inside or at.get("id", "-") in self._label_targets or any(name in at for name in _NAMED)):
                found.append(f"The {tag} {at.get('name', '')!r} has no label: add <label for=…> with its id.")
        return found

    def _check_policy(self, tag: str, at: Attributes) -> None:
        script = tag == "script" and _SCRIPT_TYPES.fullmatch(at.get("type", ""))
        if tag == "style" or (script and "src" not in at):
            self.faults.append(f"An inline <{tag}> is blocked by the content security policy: use a file in static/.")
        for name, value in at.items():
            if name == "style" or name.startswith("on"):
                self.faults.append(f"The attribute {name} of <{tag}> is blocked by the content security policy.")
            if value.strip().lower().startswith("javascript:"):
                self.faults.append(f"An address of <{tag}> is a script, which the content security policy blocks.")
        addresses = [at.get(name, "") for name in _LOADS.get(tag, ())]
        if any(map(_ELSEWHERE.match, addresses)) or (tag == "script" and addresses[0].strip().startswith("data:")):
            self.faults.append(f"<{tag}> leads to another host, which the content security policy blocks.")

    def _check_pictures(self, tag: str, at: Attributes) -> None:
        if tag == "img" and "alt" not in at:
            self.faults.append('An image has no alt text: add alt="" if it only decorates.')

    def _note_names(self, tag: str, at: Attributes) -> None:
        if "id" in at:
            self._ids[at["id"]] += 1
        for name in ("aria-labelledby", "aria-describedby"):
            self._references += [(name, target) for target in at.get(name, "").split()]
        if tag == "label":
            self._label_targets.add(at.get("for", ""))

    def _check_level(self, level: int) -> None:
        if self._level and level > self._level + 1:
            self.faults.append(f"A heading of level {level} follows one of level {self._level}: leave none out.")
        self._level = level

    def _check_closed(self, tag: str, at: Attributes, text: str) -> None:
        if tag in {"a", "button"} and not text and not any(name in at for name in _NAMED):
            self.faults.append(f"A <{tag}> has no text: write what it does.")
        if tag == "svg" and not text and at.get("aria-hidden") != "true" and not any(name in at for name in _NAMED):
            self.faults.append('A drawing has no name: add aria-hidden="true", or role="img" with aria-label.')
        if tag == "form":
            if at.get("method", "").lower() == "post" and not self._has_token:
                self.faults.append(
                    f"The form to {at.get('action', '')!r} has no page token: add {{{{ page_token_field() }}}}."
                )
            self._form = None
