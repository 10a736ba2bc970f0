# SPDX-License-Identifier: MIT
"""What the console asks: whether to go on, and passwords. Without a terminal it never waits for an answer."""

from __future__ import annotations

import sys

import click

from ccm_core.errors import Conflict, InputError

yes_option = click.option("--yes", is_flag=True, help="Do it without a question.")
password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from one line of standard input."
)
_LONGEST_LINE = 4096


def make_sure(what: str, *, yes: bool) -> None:
    """Go on only after --yes or a yes on the terminal; ``what`` is a sentence. Raises Conflict."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Conflict("%(what)s Add --yes to do it without a question.", what=what)
    if not click.confirm(f"{what} Continue?", err=True):
        raise Conflict("Nothing was changed.")


def new_password(*, from_stdin: bool) -> str:
    """Read a new password; raises InputError."""
    if from_stdin:
        return _line()
    if not sys.stdin.isatty():
        raise InputError("password", "There is no terminal to ask for the password: add --password-stdin.")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt="Repeat password", err=True)
    return answer


def _line() -> str:
    line = sys.stdin.buffer.readline(_LONGEST_LINE)
    try:
        return line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InputError("password", "The password on standard input is not valid UTF-8.") from error
