# SPDX-License-Identifier: MIT
"""The link in a mail, as a person would follow it."""

from __future__ import annotations

from email.message import EmailMessage


def link_in(message: EmailMessage) -> str:
    """Return the path of the link in a mail."""
    text: str = message.get_content()
    return "/" + next(word for word in text.split() if word.count("/") > 3).split("/", 3)[3]
