# SPDX-License-Identifier: MIT
"""Passwords: what is accepted, how it is compared, what it costs, and how many may be hashed at once."""

import gc
import os
import re
import threading
import unicodedata

import pytest
from argon2 import PasswordHasher

from ccm_core.cli.server import THREADS
from ccm_core.errors import Busy, InputError
from ccm_core.services.hashing import LANES, LIBRARIES, MEMORY_KIB, NICENESS, PASSES, Argon2Cffi
from ccm_core.services.passwords import LONGEST, PLACES, Passwords

CONTEXT = frozenset({"erika", "erika@example.org", "example", "ccm"})


@pytest.fixture(scope="module", params=LIBRARIES)
def passwords(request: pytest.FixtureRequest) -> Passwords:
    return Passwords(1, 15, LIBRARIES[request.param]())


def refusal(passwords: Passwords, password: str, repeated: str | None = None) -> str:
    with pytest.raises(InputError) as refused:
        passwords.check_new(password, repeated, CONTEXT)
    assert refused.value.field == ("new_password" if repeated is None else "repeat_password")
    return str(refused.value)


def accepts(passwords: Passwords, password: str, repeated: str | None = None) -> bool:
    try:
        passwords.check_new(password, repeated, CONTEXT)
    except InputError:
        return False
    return True


@pytest.mark.parametrize(
    "password",
    [
        "fifteen letters",
        "ALL UPPER CASES",
        "847 261 905 173",
        "a" + " " * 13 + "b",
        "zwölf Boxkämpfer",
        "🔑🐢🌋🍋🪁🎲🧵🪵🧊🥁🪗🦉🫖🧭🪐",
        "\N{RIGHT-TO-LEFT MARK}right to left text",
        "tab\tand\nline break",
        "ab " * 85 + "c",
        "erika likes her dog",
    ],
)
def test_any_text_of_15_to_256_code_points_is_accepted(passwords: Passwords, password: str) -> None:
    assert accepts(passwords, password, password)
    assert accepts(passwords, password)


@pytest.mark.parametrize("password", ["", "x" * 14, "ä" * 14, "🔑" * 14])
def test_fewer_code_points_than_the_least_are_refused(passwords: Passwords, password: str) -> None:
    assert refusal(passwords, password) == "The password needs at least 15 characters."


def test_the_least_length_is_a_setting() -> None:
    short = Passwords(1, 8, Argon2Cffi())
    assert accepts(short, "tree bed")
    assert "at least 8" in refusal(short, "tree be")


def test_more_than_256_code_points_are_refused_and_never_cut(passwords: Passwords) -> None:
    assert refusal(passwords, "ab " * 86) == "The password may have at most 256 characters."
    assert accepts(passwords, "ab " * 85 + "a")


@pytest.mark.parametrize(
    "password", ["passwordpassword", "PasswordPassword", "qwertyuiopasdfgh", "123456789012345", "aaaaaaaaaaaaaaaa"]
)
def test_a_password_that_attackers_try_first_is_refused_with_the_reason(passwords: Passwords, password: str) -> None:
    assert "attackers try first" in refusal(passwords, password)


@pytest.mark.parametrize("password", ["erika@example.org", "ERIKA@example.org1", "erikaerika12345", "  erika!!!!!!!!!"])
def test_a_password_that_is_only_a_known_name_is_refused_with_the_reason(passwords: Passwords, password: str) -> None:
    assert "a name or address that others know" in refusal(passwords, password)


def test_the_repetition_must_be_the_same(passwords: Passwords) -> None:
    assert refusal(passwords, "fifteen letters", "fifteen letterz") == "The two passwords are not the same."


def test_a_password_is_verified_exactly_as_it_was_typed(passwords: Passwords) -> None:
    typed = "  Zwölf Boxkämpfer 🔑 "
    stored = passwords.hash(typed)
    assert passwords.verify(stored, typed)
    for other in (typed.strip(), typed.lower(), typed[:-1], typed + " ", typed.replace("ö", "o"), ""):
        assert not passwords.verify(stored, other)


def test_both_ways_to_write_a_letter_are_the_same(passwords: Passwords) -> None:
    composed = "Zwölf Boxkämpfer"
    stored = passwords.hash(composed)
    assert passwords.verify(stored, unicodedata.normalize("NFD", composed))


def test_the_last_of_256_code_points_counts(passwords: Passwords) -> None:
    typed = "x" * 255 + "y"
    stored = passwords.hash(typed)
    assert passwords.verify(stored, typed)
    assert not passwords.verify(stored, typed[:-1])
    assert not passwords.verify(stored, typed + "y")


def test_what_is_stored_is_argon2id_with_the_parameters_of_the_standards(passwords: Passwords) -> None:
    stored = passwords.hash("fifteen letters")
    match = re.fullmatch(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]{22})\$([\w+/]{43})", stored)
    assert match
    assert tuple(map(int, match.groups()[:3])) == (MEMORY_KIB, PASSES, LANES) == (19456, 2, 1)
    assert passwords.hash("fifteen letters") != stored


def test_no_stored_hash_never_fits_whatever_is_typed(passwords: Passwords) -> None:
    for typed in ("", "x", "fifteen letters"):
        assert not passwords.verify(None, typed)


def test_a_damaged_hash_never_fits(passwords: Passwords) -> None:
    for damaged in ("", "x", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA", "plain text"):
        assert not passwords.verify(damaged, "plain text")


def test_a_hash_with_lower_settings_is_outdated(passwords: Passwords) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("fifteen letters")
    assert passwords.outdated(weak)
    assert passwords.verify(weak, "fifteen letters")
    assert not passwords.outdated(passwords.hash("fifteen letters"))


def test_hashes_never_take_all_threads_that_answer_requests() -> None:
    assert PLACES < THREADS


def test_when_the_queue_is_full_the_next_is_told_to_try_again() -> None:
    narrow = Passwords(1, 15, Argon2Cffi())
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> bool:
        begun.set()
        return go_on.wait(10)

    threads = [threading.Thread(target=narrow._run, args=(hold,)) for _ in range(PLACES)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    while narrow._places._value:  # type: ignore[attr-defined]  # the others are on their way into the queue
        threading.Event().wait(0.001)
    with pytest.raises(Busy) as busy:
        narrow.verify(None, "x")
    assert (busy.value.status, busy.value.retry_after) == (429, 1)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert narrow.verify(None, "x") is False


def test_a_password_too_long_to_be_one_costs_no_more_than_another(passwords: Passwords) -> None:
    stored = passwords.hash("x" * LONGEST)
    assert not passwords.verify(stored, "x" * 1_000_000)


@pytest.mark.parametrize("library", LIBRARIES)
def test_threads_that_hash_give_way_to_all_others(library: str) -> None:
    before = {thread.native_id for thread in threading.enumerate()}
    hashing = Passwords(1, 15, LIBRARIES[library]())
    hashing.hash("correct horse battery staple")
    (thread,) = {thread.native_id for thread in threading.enumerate()} - before
    assert thread
    assert os.getpriority(os.PRIO_PROCESS, thread) == NICENESS
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < NICENESS


def test_threads_end_with_what_hashes_by_them() -> None:
    hashing = Passwords(1, 15, Argon2Cffi())
    hashing.hash("correct horse battery staple")
    (thread,) = (thread for thread in threading.enumerate() if thread in hashing._pool._threads)
    del hashing
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()
