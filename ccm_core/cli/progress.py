# SPDX-License-Identifier: MIT
"""How far a long command is: one line on a terminal that counts up, and nothing where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click

_WIDTH = 60


class Told(Protocol):
    """Takes what was done so far."""

    def __call__(self, count: int, what: str, /) -> None:
        """Show so many of something."""


@contextmanager
def progress(*, shown: bool) -> Iterator[Told]:
    """Give a block what shows its progress on stderr; the line is gone after it. Not ``shown``: nothing appears."""
    if not shown:
        yield _untold
        return

    def tell(count: int, what: str) -> None:
        click.echo(f"\r{f'{count:,} {what}':<{_WIDTH}}", nl=False, err=True)

    try:
        yield tell
    finally:
        click.echo(f"\r{'':{_WIDTH}}\r", nl=False, err=True)


def _untold(_count: int, _what: str) -> None:
    """Show nothing."""


def watched() -> bool:
    """Whether somebody looks at stderr."""
    return sys.stderr.isatty()


def output_is_elsewhere() -> bool:
    """Whether somebody looks at stderr while the output goes into a file or another program."""
    return watched() and not sys.stdout.isatty()
