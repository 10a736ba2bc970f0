# SPDX-License-Identifier: MIT
"""What a test reads of an HTML page: its text, its forms, its alerts, its links."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_HIDDEN = frozenset({"script", "style", "template", "head", "dialog"})
_CAUGHT = frozenset({"a", "button", "title", "label", "h1", "h2", "h3"})


@dataclass(slots=True)
class HtmlForm:
    """A form: where it goes, its inputs with their values, its buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class HtmlPage:
    """A page, parsed at the first question, since most are only passed through.

    ``text`` is what people read, with single blanks; a closed dialog is not part of it.
    """

    forms: list[HtmlForm]
    alerts: list[str]
    errors: list[str]
    headings: list[str]
    links: dict[str, str]
    ids: set[str]
    title: str
    text: str
    labels: dict[str, str]
    values: dict[str, str]

    def __init__(self, html: str) -> None:
        self.html = html

    def __getattr__(self, name: str) -> Any:
        """Read the page, and show all that it holds at once: browsers in several threads may share it."""
        if name not in HtmlPage.__annotations__:
            raise AttributeError(name)
        self.__dict__.update(_Reader(self.html).found())
        return self.__dict__[name]

    def form(self, action: str) -> HtmlForm:
        """Return the first form that posts to an address; raises AssertionError naming those that there are."""
        for form in self.forms:
            if form.action == action and form.method == "post":
                return form
        raise AssertionError(f"no form posts to {action}; there are {[form.action for form in self.forms]}")

    def value(self, label: str) -> str:
        """Return what stands in the input with a label; raises AssertionError naming the labels that there are."""
        if label not in self.labels:
            raise AssertionError(f"no input is labelled {label}; there are {list(self.labels)}")
        return self.values[self.labels[label]]


class _Reader(HTMLParser):
    """Reads one page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[HtmlForm] = []
        self.alerts: list[str] = []
        self.errors: list[str] = []
        self.headings: list[str] = []
        self.links: dict[str, str] = {}
        self.ids: set[str] = set()
        self.title = ""
        self.labels: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self._words: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._form: HtmlForm | None = None
        self._select = ""
        self._caught: dict[int, list[str]] = {}
        self.feed(html)
        self.close()
        self.text = " ".join(" ".join(self._words).split())

    def found(self) -> dict[str, Any]:
        """Return what a page holds, by the names of ``HtmlPage``."""
        return {name: getattr(self, name) for name in HtmlPage.__annotations__}

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002 - the parser gives both
        """Count no lines: nobody asks in which one something stands."""
        return j

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, inputs and what is open."""
        at = {name: value or "" for name, value in attrs}
        self.ids.add(at.get("id", ""))
        if tag == "input":
            self.values[at.get("id", "")] = at.get("value", "")
        if tag == "form":
            self._form = HtmlForm(at.get("action", ""), at.get("method", "get"))
            self.forms.append(self._form)
        self._note_input(tag, at)
        if tag not in _VOID:
            self._open.append((tag, at))
            if tag in _CAUGHT or {"alert", "error"} & set(at.get("class", "").split()):
                self._caught[len(self._open)] = []

    def handle_endtag(self, tag: str) -> None:
        """Close what was open, and keep the texts of alerts, links and buttons."""
        while self._open:
            depth, (name, at) = len(self._open), self._open.pop()
            text = " ".join("".join(self._caught.pop(depth, [])).split())
            self._keep(name, at, text)
            if name == tag:
                break
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        """Collect text."""
        for words in self._caught.values():
            words.append(data)
        if not any(name in _HIDDEN for name, _ in self._open):
            self._words.append(data)

    def _note_input(self, tag: str, at: dict[str, str]) -> None:
        if self._form is None or not at.get("name", self._select if tag == "option" else ""):
            return
        if tag == "select":
            self._select = at["name"]
            self._form.fields[self._select] = ""
        elif tag == "option" and ("selected" in at or not self._form.fields.get(self._select)):
            self._form.fields[self._select] = at.get("value", "")
        elif tag in {"input", "textarea"}:
            unchecked = at.get("type") in {"checkbox", "radio"} and "checked" not in at
            if not unchecked and at.get("type") != "submit":
                self._form.fields.setdefault(at["name"], at.get("value", "on" if "checked" in at else ""))

    def _keep(self, name: str, at: dict[str, str], text: str) -> None:
        seen = not any(outer in _HIDDEN for outer, _ in self._open)
        if name == "title" and not self.title:
            self.title = text
        elif name == "a":
            self.links[text] = at.get("href", "")
        elif name == "button" and self._form is not None:
            self._form.buttons.append(text)
        elif name == "label":
            self.labels[text] = at.get("for", "")
        elif name in {"h1", "h2", "h3"} and seen:
            self.headings.append(text)
        elif "error" in at.get("class", "").split():
            self.errors.append(text)
        elif "alert" in at.get("class", "").split() and "hidden" not in at and text:
            self.alerts.append(text)
