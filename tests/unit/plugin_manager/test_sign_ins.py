# SPDX-License-Identifier: MIT
"""Who hears of a sign-in, what a failing listener costs, and which mails may be asked for."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ccm_core.errors import Busy, PluginFailed
from ccm_core.plugin_api import Enrolment, Login, Notice, SignedIn, User
from ccm_core.plugin_manager import results
from ccm_core.plugin_manager.calls import Calls
from ccm_core.plugin_manager.faults import CallError, Fault
from tests.bad_plugins import plugin_name
from tests.unit.plugin_manager.failures import ERIKA, SIGNED_IN, assert_told

CallsOf = Callable[..., Calls]

LOGIN = Login("login", ERIKA, (Enrolment(1, "phone", b"open sesame", 0, confirmed=True),))
STORE: Any = object()
EVENT = SignedIn(ERIKA, "working", 59.0, "Firefox, Linux", "192.0.2.0/24", STORE, notify=print)


def event(_plugin: str) -> SignedIn:
    return EVENT


@pytest.mark.parametrize("stem", SIGNED_IN)
def test_a_failing_listener_is_noted_and_the_others_hear(calls_of: CallsOf, faults: list[Fault], stem: str) -> None:
    calls = calls_of(stem, "working")
    calls.signed_in([plugin_name(stem), "working"], event)
    assert_told(faults, stem, "ccm_signed_in", SIGNED_IN[stem])
    assert heard() == [EVENT]


def heard() -> list[SignedIn]:
    import working

    return working.heard


def test_a_listener_that_changes_its_event_changes_nobody_elses(calls_of: CallsOf, faults: list[Fault]) -> None:
    calls_of("signed_in_changes", "working").signed_in(["signedinchanges", "working"], event)
    assert heard() == [replace(EVENT, user=User(7, "erika", "erika@example.org", "de"))]
    assert EVENT.factor == "working"
    assert EVENT.user.name == "erika"
    assert faults == []


def test_a_sign_in_costs_nothing_when_nobody_listens(calls_of: CallsOf) -> None:
    calls = calls_of("challenge_raises")

    def ask_the_database() -> Iterator[str]:
        pytest.fail("nobody listens")
        yield "challengeraises"

    with pytest.raises(PluginFailed):
        calls.login_challenge("challengeraises", LOGIN)
    calls.signed_in(ask_the_database(), event)


def test_no_event_is_made_for_a_plugin_that_does_not_listen(calls_of: CallsOf) -> None:
    asked: list[str] = []

    def event_for(plugin: str) -> SignedIn:
        asked.append(plugin)
        return EVENT

    calls_of("challenge_raises", "working").signed_in(["working", "challengeraises"], event_for)
    assert asked == ["working"]


def test_without_an_event_a_listener_is_not_called(calls_of: CallsOf, faults: list[Fault]) -> None:
    calls_of("working", "signed_in_raises").signed_in(
        ["signedinraises", "working"], lambda plugin: EVENT if plugin == "working" else None
    )
    assert heard() == [EVENT]
    assert faults == []


def test_an_event_that_cannot_be_made_is_noted_and_the_others_hear(calls_of: CallsOf, faults: list[Fault]) -> None:
    def event_for(plugin: str) -> SignedIn:
        if plugin == "signedinraises":
            raise Busy("The database is busy.", 1)
        return EVENT

    calls_of("working", "signed_in_raises").signed_in(["signedinraises", "working"], event_for)
    assert heard() == [EVENT]
    assert [(fault.plugin, fault.hook) for fault in faults] == [("signedinraises", "ccm_signed_in")]
    assert faults[0].reason.startswith("Busy in ")


def test_who_listens_hears_also_when_every_plugin_was_loaded_before(calls_of: CallsOf) -> None:
    calls = calls_of("working")
    calls.login_challenge("working", LOGIN)
    calls.signed_in(["working"], event)
    assert heard() == [EVENT]


def test_missing_and_refused_listeners_do_not_disturb_a_sign_in(calls_of: CallsOf, faults: list[Fault]) -> None:
    calls_of("no_hook", "working").signed_in(["gone", "nohook", "working"], event)
    assert heard() == [EVENT]
    assert [fault.plugin for fault in faults] == ["gone", "nohook"]


LONGEST = Notice("Subject", ("%(place)s",) * 10, {"place": "ä" * 100})


@pytest.mark.parametrize("notice", [Notice("", ("",)), LONGEST])
def test_a_notice_within_its_limits_is_handed_on(notice: Notice) -> None:
    assert results.notice(notice) is notice


@pytest.mark.parametrize(
    ("notice", "told"),
    [
        ({"subject": "x"}, "it answered dict instead of a Notice"),
        (replace(LONGEST, paragraphs="text"), "it answered str instead of a Notice with a tuple of paragraphs"),
        (replace(LONGEST, paragraphs=()), "its notice has not 1 to 10 paragraphs"),
        (replace(LONGEST, paragraphs=("",) * 11), "its notice has not 1 to 10 paragraphs"),
        (replace(LONGEST, paragraphs=("", b"")), "a text of its notice is no text"),
        (replace(LONGEST, subject=None), "a text of its notice is no text"),
    ],
)
def test_another_kind_of_notice_is_refused(notice: object, told: str) -> None:
    with pytest.raises(CallError, match=f"^{told}$"):
        results.notice(notice)


@pytest.mark.parametrize(
    "values",
    [
        None,
        {"place": 7},
        {"place": "x" * 101},
        {"place": "one\nSubject: two"},
        {"place": "one\rtwo"},
        {"place": "\0"},
        {"place": "\u2028"},
        {"place": "\u202egpj.exe"},
        {"place": "\ud800"},
        {"place": "https://evil.example"},
        {"first": "fine", "place": b"bytes"},
    ],
)
def test_a_value_that_is_not_one_plain_line_is_refused(values: Any) -> None:
    with pytest.raises(CallError, match="one line of at most 100 characters without a link"):
        results.notice(replace(LONGEST, values=values))
