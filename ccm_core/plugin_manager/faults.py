# SPDX-License-Identifier: MIT
"""What is noted when a plugin fails, and how an exception of a plugin is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure, for the administrator and the log. ``hook`` is empty when the plugin could not be loaded.

    ``reason`` never holds the message of an exception that was raised during a call, since that may quote a code
    or a key.
    """

    plugin: str
    hook: str
    reason: str


Report = Callable[[Fault], None]
"""Takes a fault; it must not raise and must not call a plugin."""


class CallError(ValueError):
    """A call went wrong in a way that the host noticed itself; the text is a clause without secrets.

    A ValueError, since the plugin meets it where it calls the host.
    """


def by_a_person(error: BaseException) -> bool:
    """Whether somebody pressed Ctrl+C, which Python tells the main thread alone; elsewhere a plugin has raised it."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def describe_call(error: BaseException) -> str:
    """Tell what went wrong in a call: the host's own words, else type and place of the exception, not its message."""
    if isinstance(error, CallError):
        return str(error)
    return f"{type(error).__name__} {_place(error.__traceback__)}"


def describe_load(error: BaseException) -> str:
    """Tell why loading went wrong, with the message of the exception: no user's data is at hand at that time."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _place(traceback: TracebackType | None) -> str:
    if traceback is None:
        return "at an unknown place"
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"in {traceback.tb_frame.f_globals.get('__name__', '?')}, line {traceback.tb_lineno}"
