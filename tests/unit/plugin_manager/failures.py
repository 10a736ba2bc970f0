# SPDX-License-Identifier: MIT
"""How each plugin of ``tests/bad_plugins/failing`` fails, by hook, and the words in which it is told."""

from ccm_core.plugin_api import User
from ccm_core.plugin_manager.faults import Fault
from tests.bad_plugins import plugin_name

ERIKA = User(7, "erika", "erika@example.org", "de")

CHALLENGES = {
    "challenge_raises": "ValueError in challenge_raises, line 9",
    "challenge_exits": "SystemExit in challenge_exits, line 9",
    "challenge_none": "it answered NoneType instead of a Challenge",
    "challenge_passed": "it answered Passed instead of a Challenge",
    "challenge_missing": "it answered NoneType instead of a Challenge",
    "challenge_subclass": "it answered OwnChallenge instead of a Challenge",
    "challenge_host_template": "its template is not inside plugins/challengehosttemplate/",
    "challenge_foreign_template": "its template is not inside plugins/challengeforeigntemplate/",
    "challenge_climbing_template": "its template is not inside plugins/challengeclimbingtemplate/",
    "challenge_no_verify": "the challenge's verify cannot be called",
    "challenge_large_state": "the challenge's state is not at most 4096 bytes",
    "challenge_text_state": "the challenge's state is not at most 4096 bytes",
    "challenge_context": "the context of its template is no mapping",
}
VERDICTS = {
    "verify_raises": "ValueError in verify_raises, line 8",
    "verify_exits": "SystemExit in verify_exits, line 8",
    "verify_interrupts": "KeyboardInterrupt in verify_interrupts, line 8",
    "verify_true": "it answered bool instead of Passed or Refused",
    "verify_none": "it answered NoneType instead of Passed or Refused",
    "verify_class": "it answered type instead of Passed or Refused",
    "verify_subclass": "it answered OwnPassed instead of Passed or Refused",
    "verify_coroutine": "it answered coroutine instead of Passed or Refused",
    "verify_hangs": "it took more than 0.1 s",
    "passed_text_enrolment": "a field of its Passed has a wrong type or value",
    "passed_negative_counter": "a field of its Passed has a wrong type or value",
    "passed_true_counter": "a field of its Passed has a wrong type or value",
    "passed_huge_counter": "a field of its Passed has a wrong type or value",
    "passed_text_data": "a field of its Passed has a wrong type or value",
    "refused_no_reason": "a field of its Refused has a wrong type or value",
    "refused_bad_wait": "a field of its Refused has a wrong type or value",
}
SECTIONS = {
    "sections_raise": "ValueError in sections_raise",
    "sections_text": "it answered str instead of a list of Section objects",
    "sections_iterator": "it answered list_iterator instead of a list of Section objects",
    "sections_mixed": "it answered str instead of a list of Section objects",
    "sections_foreign_template": "its template is not inside plugins/sectionsforeigntemplate/",
    "sections_title": "the title of a section is no text",
}
RESETS = {
    "reset_raises": "ValueError in reset_raises, line 9",
    "reset_wrong_type": "it answered int instead of a text or None",
}
SIGNED_IN = {
    "signed_in_raises": "ValueError in signed_in_raises, line 9",
    "signed_in_exits": "SystemExit in signed_in_exits, line 9",
    "signed_in_answers": "it answered bool instead of None",
}
COMMANDS = {
    "commands_raise": "ValueError in commands_raise, line 9",
    "commands_wrong_type": "it answered builtin_function_or_method instead of a list of click commands",
    "commands_twice": "its commands need names that differ",
}
VIEWS = {
    "view_raises": "POST setup: ValueError in view_raises, line 8",
    "view_exits": "POST setup: SystemExit in view_exits, line 8",
    "view_text": "POST setup: it answered str instead of a Page or a Redirect",
    "view_host_template": "POST setup: its template is not inside plugins/viewhosttemplate/",
    "view_title": "POST setup: the title of the page is no text",
    "view_status": "POST setup: the status 302 is neither 200 nor an error status",
    "view_redirects_away": "POST setup: it redirects to something else than a path of this host",
    "view_message": "POST setup: the message of the redirect is no text",
}


def assert_told(faults: list[Fault], stem: str, hook: str, reason: str) -> None:
    assert [(fault.plugin, fault.hook) for fault in faults] == [(plugin_name(stem), hook)]
    assert reason in faults[0].reason
    assert "erika" not in faults[0].reason
    assert "123456" not in faults[0].reason
