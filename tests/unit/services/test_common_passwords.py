# SPDX-License-Identifier: MIT
"""The list of passwords that are tried first is long enough for our least length, and compares whole passwords."""

import pytest

from ccm_core.services.common_passwords import is_about, is_common, listed


def test_at_least_3000_listed_passwords_are_long_enough_to_be_chosen() -> None:
    assert len([text for text in listed() if len(text) >= 15]) >= 3000
    assert len([text for text in listed() if len(text) >= 8]) == len(listed())


def test_every_listed_password_is_found_in_any_case() -> None:
    assert all(is_common(text) and is_common(text.upper()) for text in listed())


@pytest.mark.parametrize(
    "password",
    [
        "123456789012345",
        "987654321098765",
        "abcdefghijklmnop",
        "qwertzuiopasdfgh",
        "1qaz2wsx3edc4rfv",
        "aaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "PasswordPassword123",
        "hallohallohallo",
    ],
)
def test_runs_and_repeated_pieces_are_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "my password is a secret",
        "passwordpassword of mine",
        "x123456789012345",
        "abcabcabcabcab",
    ],
)
def test_a_listed_word_inside_another_text_is_not_common(password: str) -> None:
    assert not is_common(password)


@pytest.mark.parametrize(
    "password", ["erika", "Erika", "ERIKA2027", "!!erika!!", "_erika_1_", "erikaerika", "12erika3"]
)
def test_a_context_word_with_signs_around_it_is_about_the_person(password: str) -> None:
    assert is_about(password, frozenset({"erika"}))


@pytest.mark.parametrize("password", ["erika and otto", "erikas dog barks", "", "2027", "e r i k a"])
def test_other_texts_are_not_about_the_person(password: str) -> None:
    assert not is_about(password, frozenset({"erika"}))
