# SPDX-License-Identifier: MIT
"""The values that cross the border between host and plugin: frozen, typed, and without behaviour.

Times are seconds since 1970 in UTC. Texts that a person reads are message ids of the plugin's own catalogue
(``translations/<language>.po``); the host translates them into the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Purpose = Literal["login", "confirmation", "setup", "removal"]
"""Why a proof is asked: at sign-in, before a sensitive change, to finish a set-up, to remove a factor."""


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account, as far as a plugin needs to know."""

    id: int
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One row of the host's ledger: the user has bound a factor of this plugin.

    ``data`` is what the plugin gave to ``Enrolments.begin`` (the host keeps it sealed), ``counter`` the last
    value that a ``Passed`` carried; the host only ever accepts a higher one.
    """

    id: int
    label: str
    data: bytes = field(repr=False)
    counter: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Login:
    """A proof is wanted: who must give it, why, and with which enrolments of this plugin.

    ``state`` is what the plugin's previous ``Challenge`` of the same pending login carried, else empty.
    """

    purpose: Purpose
    user: User
    enrolments: tuple[Enrolment, ...]
    state: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Passed:
    """The answer is right. ``counter`` must be above the enrolment's (None: the stored one plus 1).

    The host applies it by one conditional update; when another request was faster, the answer is refused.
    ``data`` replaces the enrolment's data when given.
    """

    enrolment: int
    counter: int | None = None
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer is not right. ``reason`` goes to the audit trail, ``message`` to the person."""

    reason: str
    message: str = ""
    retry_after: int | None = None


Verdict = Passed | Refused


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the host shows and asks: a page part with the field ``code``, and a way to verify the answer.

    ``verify(answer, now)`` is pure: no database, no network, under 5 seconds. ``state`` (at most 4 kB) comes
    back in the next ``Login.state`` of the same pending login.
    """

    template: str
    verify: Callable[[str, float], Verdict]
    context: Mapping[str, object] = field(default_factory=dict)
    state: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose page is drawn, how that user stands to this plugin, and what this plugin keeps of that user."""

    user: User
    enrolled: bool
    allowed: bool
    store: Store = field(repr=False)


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a host page, drawn from one of the plugin's templates."""

    title: str
    template: str
    context: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reset:
    """A new password is about to be set through a mailed link; ``clear()`` removes this plugin's enrolments."""

    user: User
    clear: Callable[[], None]


class Store(Protocol):
    """Small JSON documents of this plugin, per instance, user and key; the host deletes them with the user."""

    def get(self, key: str) -> object | None:
        """Return the document, or None."""

    def put(self, key: str, value: object) -> None:
        """Keep a document of at most 16 kB as JSON; raises ValueError when it is larger or no JSON."""

    def delete(self, key: str) -> None:
        """Remove the document if there is one."""


class Enrolments(Protocol):
    """The signed-in user's rows of the ledger for this plugin. Each change is one whole transaction."""

    def pending(self) -> Enrolment | None:
        """The set-up that this session began and that has not run out."""

    def confirmed(self) -> tuple[Enrolment, ...]:
        """What the user's logins are bound to."""

    def begin(self, label: str, data: bytes) -> Enrolment:
        """Begin a set-up, replacing an unfinished one. It has no effect until confirmed and dies in 10 minutes."""

    def confirm(self, answer: str) -> Verdict:
        """Finish the set-up with an answer to this plugin's challenge (purpose ``setup``).

        Passed: the factor counts from now on, the user's other sessions end, a mail goes out.
        """

    def withdraw(self, answer: str) -> Verdict:
        """Remove the confirmed enrolment that the answer proves (purpose ``removal``)."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One request to a page of the plugin. The host has checked session, access, page token and recent login.

    ``form`` holds the first value of each field, ``arguments`` what the variables of the route's path matched.
    """

    method: str
    form: Mapping[str, str]
    user: User
    now: float
    issuer: str
    settings: Mapping[str, object]
    translate: Callable[[str], str]
    url: Callable[[str], str]
    store: Store
    enrolments: Enrolments
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Draw this template inside the host's layout."""

    title: str
    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go to a path of this host; ``message`` is shown once on the next page."""

    to: str
    message: str | None = None


View = Callable[[PageRequest], Page | Redirect]


@dataclass(frozen=True, slots=True)
class Route:
    """A page under ``/plugins/<name>/``. ``path`` is a werkzeug rule relative to that, such as ``"setup"``."""

    method: Literal["GET", "POST"]
    path: str
    view: View
    recent_login: bool = False


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of the plugin per instance; the host draws, checks and keeps it."""

    name: str
    label: str
    kind: Literal["text", "integer", "boolean", "choice"]
    default: str | int | bool
    help: str = ""
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """The settings of a plugin, in the order in which the form shows them: what ``ccm_settings`` returns."""

    fields: tuple[SettingField, ...]


@dataclass(frozen=True, slots=True)
class EnrolmentSummary:
    """What a console command may tell about an enrolment: never its data."""

    label: str
    confirmed: bool
    created: float
    last_used: float | None


class Console(Protocol):
    """What a plugin's console commands get as ``click``'s context object."""

    def user(self, name: str) -> User:
        """Find a user by name or e-mail address; ends the command with a sentence when there is none."""

    def active(self) -> bool:
        """Whether the plugin is active in the instance."""

    def allowed(self, user: User) -> bool:
        """Whether this user may begin a set-up."""

    def enrolments(self, user: User) -> tuple[EnrolmentSummary, ...]:
        """The user's enrolments of this plugin."""
