# SPDX-License-Identifier: MIT
"""Forms: the first error of each field, and ids that can be none."""

import pytest
from werkzeug.datastructures import MultiDict

from ccm_core.errors import NotFound
from ccm_core.texts import Translator
from ccm_core.web.forms import ChangePasswordForm, LoginForm, ProfileForm, errors_of, id_of

ENGLISH = Translator("en")
REQUIRED, TOO_LONG = "Please fill in this field.", "This is too long."


def test_every_field_that_does_not_fit_has_one_error() -> None:
    form = LoginForm(MultiDict({"username": "x" * 321}))
    assert not form.validate()
    assert errors_of(form, ENGLISH) == {"username": TOO_LONG, "password": REQUIRED}


def test_errors_are_told_in_the_reader_s_language() -> None:
    form = LoginForm(MultiDict())
    form.validate()
    german = Translator("de", {REQUIRED: ("Bitte ausfüllen.",)})
    assert set(errors_of(form, german).values()) == {"Bitte ausfüllen."}


def test_a_password_of_blanks_is_one() -> None:
    assert LoginForm(MultiDict({"username": "erika", "password": "  "})).validate()
    assert not LoginForm(MultiDict({"username": "  ", "password": "  "})).validate()


def test_a_name_may_be_empty_but_not_missing() -> None:
    names = dict.fromkeys(("first_name", "last_name", "company", "language"), "")
    assert ProfileForm(MultiDict(names)).validate()
    for name in names:
        form = ProfileForm(MultiDict({other: "" for other in names if other != name}))
        assert not form.validate()
        assert errors_of(form, ENGLISH) == {name: REQUIRED}


def test_the_own_password_needs_all_three_fields() -> None:
    form = ChangePasswordForm(MultiDict({"new_password": "x" * 2001}))
    form.validate()
    assert errors_of(form, ENGLISH) == {
        "new_password": TOO_LONG,
        "repeat_password": REQUIRED,
        "current_password": REQUIRED,
    }


@pytest.mark.parametrize("text", ["0", "1", "007", "9" * 18])
def test_an_id_is_a_number(text: str) -> None:
    assert id_of(text, "none") == int(text)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1\n", "1.0", "1e3", "0x1", "1_0", "٣", "²", "１", "9" * 19, "x"]
)
def test_what_can_be_no_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match="none"):
        id_of(text, "none")
