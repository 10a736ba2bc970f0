# SPDX-License-Identifier: MIT
"""For each clause of the contract a variant of ``tests/bad_plugins/contract/sample`` that breaks this one alone."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wrong:
    """A variant: which test catches it, what that says, and what is written in place of what."""

    test: str
    told: str
    edits: dict[str, str] = field(default_factory=dict)
    template: dict[str, str] = field(default_factory=dict)
    """Edits of the account section's template."""
    challenge: dict[str, str] = field(default_factory=dict)
    """Edits of the challenge's template."""
    metadata: bool = True
    """Whether the distribution says what it is."""
    files: tuple[str, ...] = ()
    """Further files that the distribution lists."""


START = "NAME = __name__"
IMPORTS = "from ccm_core.plugin_api import ("
SIGNED_IN = "def ccm_signed_in(event):\n    pass"
SECTION = "    return [Section("
USED = """if minute <= enrolment.counter:
                    return Refused("replayed", "This answer was used.")
                """
PASSED = "return Passed(enrolment.id, counter=minute)"
HIDDEN_FROM_OLD_ACQUAINTANCES = """    known = NOTES.read_text().split() if NOTES.exists() else []
    if account.enrolled:
        NOTES.write_text(" ".join({*known, account.user.name}))
    elif account.user.name in known:
        return []
    return [Section("""
EVERYBODYS_KEY = """for enrolment in login.enrolments:
            with NOTES.open("a") as file:
                file.write(enrolment.data.hex() + " ")
            if any(answer == right(bytes.fromhex(key), minute) for key in NOTES.read_text().split()):
                return Passed(enrolment.id, counter=minute)"""

WRONG = {
    "metadata": Wrong("it_is_found_and_described_without_being_imported", "missing: summary", metadata=False),
    "prints": Wrong(
        "it_loads_clean", "A plugin says nothing while it is loaded, but: hello", {START: f"print('hello')\n{START}"}
    ),
    "threads": Wrong(
        "it_loads_clean",
        "started: 1",
        {START: f"import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n{START}"},
    ),
    "private": Wrong(
        "it_imports_only_the_public_api",
        "imports ccm_core.services",
        {IMPORTS: f"from ccm_core.services import accounts\n{IMPORTS}"},
    ),
    "startup": Wrong(
        "installed_but_not_active_it_changes_nothing", "Python runs at every start: startup.pth", files=("startup.pth",)
    ),
    "patches": Wrong(
        "installed_but_not_active_it_changes_nothing",
        "these differ: visitor /login",
        {
            START: "from ccm_core.web.context import Context\nold = Context.render\n\n\n"
            "def render(self, *arguments, **named):\n    answer = old(self, *arguments, **named)\n"
            f"    answer.headers['X-Wrong'] = 'on'\n    return answer\n\n\nContext.render = render\n{START}"
        },
    ),
    "opens": Wrong(
        "its_pages_are_unknown_where_it_is_inactive_or_not_allowed",
        "Pages of a plugin that is not allowed answer 404, but: GET setup answers",
        {START: f"from ccm_core.services.plugin_access import Standing\nStanding.visible = True\n{START}"},
    ),
    "counts": Wrong(
        "what_it_keeps_outlives_a_deactivation",
        "the account page is not what it was",
        {'Section("Sample"': "Section(TITLES.pop()", START: f"{START}\nTITLES = list('ABCDEFGHIJKLMNOP')"},
    ),
    "remembers": Wrong(
        "what_it_keeps_of_a_user_goes_with_the_user",
        "After a revocation a user is new to the plugin, but these pages tell otherwise: /account",
        {SECTION: HIDDEN_FROM_OLD_ACQUAINTANCES},
    ),
    "hoards": Wrong(
        "a_purge_leaves_nothing",
        "After a purge nothing is known, but these pages tell otherwise: /account",
        {SECTION: HIDDEN_FROM_OLD_ACQUAINTANCES},
    ),
    "depends": Wrong(
        "a_hook_that_fails_costs_its_own_part_alone",
        "ccm_signed_in: the account page fails afterwards",
        {
            SIGNED_IN: "def ccm_signed_in(event):\n    SEEN[event.user.name] = event.at",
            SECTION: f"    SEEN[account.user.name]\n{SECTION}",
            START: f"{START}\nSEEN = {{}}",
        },
    ),
    "english": Wrong(
        "its_texts_are_translated_and_its_templates_can_be_read",
        "de.po has no translation of 'Kind words'",
        {'"Greeting"': '"Kind words"'},
    ),
    "mute": Wrong(
        "its_texts_are_translated_and_its_templates_can_be_read",
        "de.po has no translation of 'This answer is quite wrong.'",
        {'"This answer is wrong."': '"This answer is quite wrong."'},
    ),
    "inline": Wrong(
        "its_pages_keep_to_the_policy_and_are_open_to_all",
        "but in set-up or login: The attribute onclick of <input> is blocked",
        challenge={"<input": '<input onclick="go()"'},
    ),
    "styled": Wrong(
        "its_pages_keep_to_the_policy_and_are_open_to_all",
        "The attribute style of <p> is blocked by the content security policy",
        template={"<p>": '<p style="color: red">'},
    ),
    "nameless": Wrong(
        "its_pages_keep_to_the_policy_and_are_open_to_all",
        "The input 'word' has no label",
        template={"<p>": '<input name="word"><p>'},
    ),
    "unconfirmed": Wrong(
        "the_password_alone_opens_nothing",
        "The password alone opens nothing, but: the login goes on at /",
        {'request.enrolments.confirm(request.form.get("code", ""))': "Passed(1)"},
    ),
    "reusable": Wrong(
        "a_right_answer_passes_and_only_once", "it passed again at once", {PASSED: "return Passed(enrolment.id)"}
    ),
    "backdoor": Wrong(
        "a_wrong_answer_never_passes",
        "A wrong answer is refused with a sentence, but not: '0'",
        {USED + PASSED: f"{USED}{PASSED}\n            if answer == '0':\n                return Passed(enrolment.id)"},
    ),
    "short": Wrong(
        "a_wrong_answer_never_passes",
        "A wrong answer is refused with a sentence, but not:",
        {
            "right(enrolment.data, minute).encode())": "right(enrolment.data, minute)[:2].encode())",
            "answer.encode()": "answer[:2].encode()",
        },
    ),
    "forgets": Wrong(
        "the_same_answer_passes_once_in_all_processes",
        "2 of 2 processes took it",
        {
            USED + PASSED: "if answer in ANSWERS:\n                    return Refused('used')\n"
            "                ANSWERS.add(answer)\n                return Passed(enrolment.id)",
            START: f"{START}\nANSWERS = set()",
        },
    ),
    "raises": Wrong(
        "wrong_answers_make_everybody_wait",
        "a right answer passed at once",
        {'return Refused("wrong", "This answer is wrong.")': "raise ValueError"},
    ),
    "elsewhere": Wrong(
        "an_answer_of_one_place_is_not_taken_in_another",
        "the answer of the login confirmed",
        {
            USED + PASSED: "return Passed(enrolment.id, counter=2 * minute + (login.purpose == 'confirmation'))",
        },
    ),
    "shared": Wrong(
        "an_answer_of_one_user_is_worth_nothing_to_another",
        "otto passed with erika's answer",
        {"for enrolment in login.enrolments:": EVERYBODYS_KEY},
    ),
    "label": Wrong(
        "what_answers_are_made_from_is_kept_sealed",
        "but in: the table enrolment",
        {
            'request.enrolments.begin("Sample", secrets.token_bytes(20))': "in_the_clear(request)",
            START: f"{START}\n\n\ndef in_the_clear(request):\n    key = secrets.token_bytes(20)\n"
            "    return request.enrolments.begin(key.hex(), key)",
        },
    ),
    "stores": Wrong(
        "what_answers_are_made_from_is_kept_sealed",
        "but in: the table plugin_store",
        {
            "    verdict = ": "    keep(request)\n    verdict = ",
            "def finish(": "def keep(request):\n    import base64\n\n    key = request.enrolments.pending().data\n"
            "    request.store.put('key', base64.b64encode(key).decode())\n\n\ndef finish(",
        },
    ),
    "stays": Wrong(
        "a_new_password_by_mail_clears_it",
        "the plugin, which was asked, left it to the host",
        {"    reset.clear()": "    pass"},
    ),
}
