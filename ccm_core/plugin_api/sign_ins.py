# SPDX-License-Identifier: MIT
"""What a plugin is told of a sign-in, and the mail that it can have sent about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ccm_core.plugin_api.types import Store, User


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail in plain text to the user; the host adds the greeting and the end that all its mails have.

    ``subject`` (1 to 150 characters) and ``paragraphs`` (1 to 10, at most 4000 characters) are message ids of the
    plugin's catalogue. They are translated into the user's language; then their places, such as ``%(network)s``, are
    filled in from ``values``. ``name`` (the user's) and ``host`` (the instance's) are always there; a percent sign is
    written ``%%``. A value is one line of at most 100 printable characters and holds no ``://``.
    """

    subject: str
    paragraphs: tuple[str, ...]
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session was created and committed. ``factor`` names the plugin that passed, if one was asked.

    ``device`` is what the browser says of itself, such as ``Firefox, Linux``: at most 40 characters, empty when it
    says nothing, and anybody can say anything. ``network`` is the caller's as in the audit trail, such as
    ``192.0.2.0/24``, never a single address. ``store`` is this plugin's for this user.

    ``notify`` writes a mail to the user, which goes out whatever becomes of the hook. It raises ValueError for a second
    notice of one event and for one that is not as ``Notice`` says.
    """

    user: User
    factor: str | None
    at: float
    device: str
    network: str
    store: Store = field(repr=False)
    notify: Callable[[Notice], None] = field(repr=False)
