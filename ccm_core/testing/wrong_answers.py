# SPDX-License-Identifier: MIT
"""Answers that no factor may take for a right one."""

from __future__ import annotations

_ODD = ("", " ", "wrong answer", "0", "-1", "\N{FULLWIDTH DIGIT ONE}" * 6, "%", "x" * 4000)


def wrong_answers(right: str) -> list[str]:
    """Return odd texts, and what is nearly right: each part of an answer counts."""
    middle = len(right) // 2
    nearly = [right[:-1], f"{right}0"]
    nearly += [right[:place] + _other(right[place]) + right[place + 1 :] for place in (0, middle, len(right) - 1)]
    return [*_ODD, *nearly]


def _other(letter: str) -> str:
    if letter.isdigit():
        return str((int(letter) + 1) % 10)
    return "b" if letter.lower() == "a" else "a"
