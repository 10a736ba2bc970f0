# SPDX-License-Identifier: MIT
"""What a plugin may answer. Each check returns the answer, or raises CallError for anything else.

Types are compared exactly: a subclass may behave in ways that nobody has thought of.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence

import click

from ccm_core.plugin_api import Challenge, Notice, Page, Passed, Redirect, Refused, Section, Verdict
from ccm_core.plugin_manager.faults import CallError

STATE_BYTES = 4096
"""The most that a challenge may ask the host to keep in a pending login."""
PARAGRAPHS = 10
VALUE_LENGTH = 100
"""The most of a mail that a plugin may ask for, and of each value in it."""

_COUNTER_LIMIT = 2**62
"""Enough for any clock, and one more still fits into 64 bits."""

_SECONDS_LIMIT = 86_400
_OWN_PATH = re.compile(r"/(?!/)[!-\[\]-~]*")
"""Printable ASCII without a backslash, which browsers take for a slash; ``//`` would begin another host's address."""


def challenge(plugin: str, answer: object) -> Challenge:
    """Check the answer to a question for a proof."""
    if type(answer) is not Challenge:
        raise _wrong("a Challenge", answer)
    _check_template(plugin, answer.template, answer.context)
    if not callable(answer.verify):
        raise CallError("the challenge's verify cannot be called")
    if type(answer.state) is not bytes or len(answer.state) > STATE_BYTES:
        raise CallError(f"the challenge's state is not at most {STATE_BYTES} bytes")
    return answer


def verdict(answer: object) -> Verdict:
    """Check what ``verify`` returned: only a ``Passed`` of that very type can pass."""
    if type(answer) is Passed:
        counts = answer.counter is None or _is_integer(answer.counter, 0, _COUNTER_LIMIT)
        if not counts or type(answer.enrolment) is not int or type(answer.data) not in {bytes, type(None)}:
            raise CallError("a field of its Passed has a wrong type or value")
        return answer
    if type(answer) is Refused:
        waits = answer.retry_after is None or _is_integer(answer.retry_after, 0, _SECONDS_LIMIT)
        if not waits or not _are_texts(answer.reason, answer.message):
            raise CallError("a field of its Refused has a wrong type or value")
        return answer
    raise _wrong("Passed or Refused", answer)


def sections(plugin: str, answer: object) -> tuple[Section, ...]:
    """Check parts of a host page; None is none."""
    if answer is None:
        return ()
    found: list[Section] = []
    for section in _items(answer, "a list of Section objects"):
        if type(section) is not Section:
            raise _wrong("a list of Section objects", section)
        if not _are_texts(section.title):
            raise CallError("the title of a section is no text")
        _check_template(plugin, section.template, section.context)
        found.append(section)
    return tuple(found)


def sentence(_plugin: str, answer: object) -> str | None:
    """Check a sentence or None."""
    if answer is None or type(answer) is str:
        return answer
    raise _wrong("a text or None", answer)


def nothing(_plugin: str, answer: object) -> None:
    """Check that nothing was answered: a value would mean that the plugin expects something of it."""
    if answer is not None:
        raise _wrong("None", answer)


def notice(value: object) -> Notice:
    """Check a mail that a plugin asks for, as far as its message ids and values tell."""
    if type(value) is not Notice:
        raise _wrong("a Notice", value)
    if not 0 < len(_items(value.paragraphs, "a Notice with a tuple of paragraphs")) <= PARAGRAPHS:
        raise CallError(f"its notice has not 1 to {PARAGRAPHS} paragraphs")
    if not _are_texts(value.subject, *value.paragraphs):
        raise CallError("a text of its notice is no text")
    if not _are_lines(value.values):
        raise CallError(f"a value of its notice is not one line of at most {VALUE_LENGTH} characters without a link")
    return value


def commands(_plugin: str, answer: object) -> tuple[click.Command, ...]:
    """Check console commands; None is none."""
    if answer is None:
        return ()
    found: list[click.Command] = []
    for command in _items(answer, "a list of click commands"):
        if not isinstance(command, click.Command):
            raise _wrong("a list of click commands", command)
        found.append(command)
    if len({command.name for command in found if command.name}) < len(found):
        raise CallError("its commands need names that differ")
    return tuple(found)


def page_or_redirect(plugin: str, answer: object) -> Page | Redirect:
    """Check what a view returned."""
    if type(answer) is Page:
        if not _are_texts(answer.title):
            raise CallError("the title of the page is no text")
        if not _is_integer(answer.status, 200, 200) and not _is_integer(answer.status, 400, 599):
            shown = answer.status if _is_integer(answer.status, 100, 999) else "of its page"
            raise CallError(f"the status {shown} is neither 200 nor an error status")
        _check_template(plugin, answer.template, answer.context)
        return answer
    if type(answer) is Redirect:
        if not _are_texts(answer.to) or _OWN_PATH.fullmatch(answer.to) is None:
            raise CallError("it redirects to something else than a path of this host")
        if answer.message is not None and not _are_texts(answer.message):
            raise CallError("the message of the redirect is no text")
        return answer
    raise _wrong("a Page or a Redirect", answer)


def _items(answer: object, wanted: str) -> Sequence[object]:
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes):
        raise _wrong(wanted, answer)
    return answer


def _check_template(plugin: str, template: object, context: object) -> None:
    """Only a plugin's own templates, so that none can draw a page of the host or of another plugin."""
    parts = template.split("/") if type(template) is str else []
    if parts[:2] != ["plugins", plugin] or len(parts) < 3 or {"", ".", ".."} & set(parts) or "\\" in "".join(parts):
        raise CallError(f"its template is not inside plugins/{plugin}/")
    if not isinstance(context, Mapping):
        raise CallError("the context of its template is no mapping")


def _is_integer(value: object, least: int, most: int) -> bool:
    """Whether it is a plain integer within bounds; True and False are none."""
    return type(value) is int and least <= value <= most


def _are_lines(values: object) -> bool:
    """Whether they are plain texts that cannot begin another line, turn the text round them, or bring a link along."""
    return isinstance(values, Mapping) and all(
        type(value) is str and len(value) <= VALUE_LENGTH and value.isprintable() and "://" not in value
        for value in values.values()
    )


def _are_texts(*values: object) -> bool:
    """Whether they are plain texts: markup would not be escaped where the host shows it."""
    return all(type(value) is str for value in values)


def _wrong(wanted: str, answer: object) -> CallError:
    """Name types only, since a value may be a secret; a coroutine is closed, else Python warns later."""
    if inspect.iscoroutine(answer):
        answer.close()
    return CallError(f"it answered {type(answer).__name__} instead of {wanted}")
