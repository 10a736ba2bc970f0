# SPDX-License-Identifier: MIT
"""What a failing plugin does to a call: one plugin of ``tests/bad_plugins/failing`` for each way to fail."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ccm_core.errors import PluginFailed, Throttled
from ccm_core.plugin_api import Account, Challenge, Enrolment, Login, Passed, Refused, Reset, Section
from ccm_core.plugin_manager import results
from ccm_core.plugin_manager.calls import FAILED, Calls
from ccm_core.plugin_manager.faults import CallError, Fault
from ccm_core.plugin_manager.registry import Registry
from ccm_core.plugin_manager.verification import VerificationPool
from tests.bad_plugins import names_of, plugin_name
from tests.unit.plugin_manager.conftest import Install
from tests.unit.plugin_manager.failures import (
    CHALLENGES,
    COMMANDS,
    ERIKA,
    RESETS,
    SECTIONS,
    SIGNED_IN,
    VERDICTS,
    VIEWS,
    assert_told,
)

CallsOf = Callable[..., Calls]

LOGIN = Login("login", ERIKA, (Enrolment(1, "phone", b"open sesame", 0, confirmed=True),))
STORE: Any = object()
ACCOUNT = Account(ERIKA, enrolled=True, allowed=True, store=STORE)


ELSEWHERE = {"signed_in_changes", "signed_in_tells"}
"""Those that fail at what another plugin or the host gives them: ``test_sign_ins.py``, ``tests/functional/plugins``."""


def test_every_failing_plugin_has_a_test_here() -> None:
    tables = [CHALLENGES, VERDICTS, SECTIONS, RESETS, SIGNED_IN, COMMANDS, VIEWS]
    assert sorted(stem for table in tables for stem in table) == sorted({*names_of("failing")} - ELSEWHERE)


@pytest.mark.parametrize("stem", CHALLENGES)
def test_without_a_proper_challenge_the_factor_counts_as_not_passed(
    calls_of: CallsOf, faults: list[Fault], stem: str
) -> None:
    calls = calls_of(stem)
    with pytest.raises(PluginFailed) as failed:
        calls.login_challenge(plugin_name(stem), LOGIN)
    assert (failed.value.plugin, failed.value.hook) == (plugin_name(stem), "ccm_login_challenge")
    assert str(failed.value) == (f"The plugin {plugin_name(stem)} failed in ccm_login_challenge: {faults[0].reason}.")
    assert "JBSWY3DPEHPK3PXP" not in str(failed.value)
    assert_told(faults, stem, "ccm_login_challenge", CHALLENGES[stem])


def test_a_state_of_4096_bytes_is_kept() -> None:
    challenge = Challenge("plugins/working/challenge.html", lambda *_: FAILED, state=bytes(4096))
    assert results.challenge("working", challenge) is challenge


@pytest.fixture
def impatient(install: Install, faults: list[Fault]) -> Iterator[CallsOf]:
    """Give calls whose plugins have a tenth of a second to verify."""
    return lambda *stems: Calls(
        Registry(install(*stems), faults.append), faults.append, lambda: VerificationPool(limit=0.1)
    )


@pytest.mark.parametrize("stem", VERDICTS)
def test_anything_but_a_verdict_is_refused(impatient: CallsOf, faults: list[Fault], stem: str) -> None:
    calls = impatient(stem)
    challenge = calls.login_challenge(plugin_name(stem), LOGIN)
    assert calls.verify(plugin_name(stem), challenge, "123456", 59.0) is FAILED
    assert_told(faults, stem, "verify", VERDICTS[stem])


def test_a_right_answer_passes_and_a_wrong_one_is_refused(calls_of: CallsOf, faults: list[Fault]) -> None:
    calls = calls_of("working")
    challenge = calls.login_challenge("working", LOGIN)
    assert (challenge.context, challenge.state) == ({"purpose": "login", "user": "erika"}, b"asked")
    assert calls.verify("working", challenge, "open sesame", 59.5) == Passed(1, counter=59)
    assert calls.verify("working", challenge, "open barley", 59.5) == Refused(
        "wrong code", "The login code is not right."
    )
    assert faults == []


@pytest.mark.parametrize(
    "verdict", [Passed(1), Passed(1, 0, b""), Passed(1, 2**62), Refused(""), Refused("wait", "Wait.", 30)]
)
def test_a_verdict_with_sane_fields_is_handed_on(calls_of: CallsOf, verdict: Passed | Refused) -> None:
    challenge = Challenge("plugins/working/challenge.html", lambda *_: verdict)
    assert calls_of("working").verify("working", challenge, "", 0) is verdict


@pytest.mark.parametrize("answer", ["", b"", {}, 0, False, iter(())])
def test_nothing_but_none_or_a_list_means_no_sections(answer: object) -> None:
    with pytest.raises(CallError, match="instead of a list of Section objects"):
        results.sections("working", answer)


def test_one_that_hangs_does_not_keep_another_from_verifying(impatient: CallsOf) -> None:
    calls = impatient("verify_hangs", "working")
    hanging = calls.login_challenge("verifyhangs", LOGIN)
    for _ in range(5):
        assert calls.verify("verifyhangs", hanging, "123456", 59.0) is FAILED
    challenge = calls.login_challenge("working", LOGIN)
    assert calls.verify("working", challenge, "open sesame", 59.0) == Passed(1, counter=59)


def test_a_challenge_of_a_plugin_that_is_not_installed_is_refused(calls_of: CallsOf, faults: list[Fault]) -> None:
    calls = calls_of("working")
    challenge = calls.login_challenge("working", LOGIN)
    assert calls.verify("gone", challenge, "open sesame", 59.0) is FAILED
    assert [fault.plugin for fault in faults] == ["gone"]


def test_a_missing_plugin_counts_as_not_passed_and_is_told(calls_of: CallsOf, faults: list[Fault]) -> None:
    with pytest.raises(PluginFailed, match=r"^The plugin gone is not installed\.$"):
        calls_of().login_challenge("gone", LOGIN)
    assert faults == [Fault("gone", "ccm_login_challenge", "The plugin gone is not installed.")]


def test_a_refused_plugin_counts_as_not_passed_and_is_told_once(calls_of: CallsOf, faults: list[Fault]) -> None:
    calls = calls_of("import_error")
    for _ in range(2):
        with pytest.raises(PluginFailed, match="ModuleNotFoundError"):
            calls.login_challenge("importerror", LOGIN)
    assert [(fault.plugin, fault.hook) for fault in faults] == [("importerror", "")]


@pytest.mark.parametrize("stem", SECTIONS)
def test_failing_sections_are_left_out_with_a_note_and_the_others_stay(
    calls_of: CallsOf, faults: list[Fault], stem: str
) -> None:
    calls = calls_of("working", stem)
    accounts = {"working": ACCOUNT, plugin_name(stem): ACCOUNT}
    section = Section("Working", "plugins/working/section.html", {"enrolled": True})
    expected = ((plugin_name(stem), None), ("working", (section,)))
    assert calls.account_sections(accounts) == expected
    assert_told(faults, stem, "ccm_account_sections", SECTIONS[stem])
    faults.clear()
    assert calls.user_sections(accounts) == expected
    assert_told(faults, stem, "ccm_user_sections", SECTIONS[stem])


def test_only_the_plugins_of_the_list_are_asked(calls_of: CallsOf, faults: list[Fault]) -> None:
    calls = calls_of("working", "sections_raise", "import_exits")
    assert [name for name, _ in calls.account_sections({"working": ACCOUNT})] == ["working"]
    assert calls.account_sections({}) == ()
    assert faults == []


def test_a_plugin_without_sections_has_none_and_a_refused_one_gets_a_note(calls_of: CallsOf) -> None:
    calls = calls_of("challenge_missing", "no_hook")
    accounts = {"challengemissing": ACCOUNT, "nohook": ACCOUNT}
    assert calls.account_sections(accounts) == (("challengemissing", ()), ("nohook", None))


@pytest.mark.parametrize("stem", RESETS)
def test_a_failing_reset_is_noted(calls_of: CallsOf, faults: list[Fault], stem: str) -> None:
    with pytest.raises(PluginFailed):
        calls_of(stem).password_reset(plugin_name(stem), Reset(ERIKA, lambda: None))
    assert_told(faults, stem, "ccm_password_reset", RESETS[stem])


def test_a_reset_clears_and_gives_the_sentence_for_the_notice(calls_of: CallsOf) -> None:
    cleared: list[bool] = []
    reset = Reset(ERIKA, lambda: cleared.append(True))
    calls = calls_of("working", "challenge_missing")
    assert calls.password_reset("working", reset) == "Your second factor was removed."
    assert cleared == [True]
    assert calls.password_reset("challengemissing", reset) is None


def test_a_call_of_a_plugin_that_is_gone_fails_with_its_name_and_hook(calls_of: CallsOf) -> None:
    with pytest.raises(PluginFailed) as failed:
        calls_of("working").login_challenge("gone", LOGIN)
    assert (failed.value.plugin, failed.value.hook) == ("gone", "ccm_login_challenge")


def test_a_person_who_interrupts_a_call_is_obeyed(calls_of: CallsOf, faults: list[Fault]) -> None:
    def interrupted(_plugin: str, _answer: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calls_of("working")._call("working", "ccm_account_sections", ACCOUNT, interrupted)
    assert faults == []


@pytest.mark.parametrize("stem", COMMANDS)
def test_failing_commands_are_an_error(calls_of: CallsOf, faults: list[Fault], stem: str) -> None:
    with pytest.raises(PluginFailed):
        calls_of(stem).commands(plugin_name(stem))
    assert_told(faults, stem, "ccm_commands", COMMANDS[stem])


def test_commands_are_given_in_their_order(calls_of: CallsOf) -> None:
    calls = calls_of("working", "challenge_missing")
    assert [command.name for command in calls.commands("working")] == ["status"]
    assert calls.commands("challengemissing") == ()
    with pytest.raises(PluginFailed, match="not installed"):
        calls.commands("gone")


def test_what_fails_around_a_call_is_told_alike(calls_of: CallsOf, faults: list[Fault]) -> None:
    calls = calls_of("working")
    failed = calls.failed("working", "drawing", KeyError("123456"))
    assert (failed.plugin, failed.hook) == ("working", "drawing")
    calls.failed("working", "drawing", Throttled("Too many codes.", 30))
    assert [fault.reason for fault in faults] == ["KeyError at an unknown place", "Too many codes."]
