# SPDX-License-Identifier: MIT
"""Plugin settings: every kind of field with good and bad values, and defaults for what was never saved."""

import pytest

from ccm_core.errors import InputError
from ccm_core.plugin_api import SettingField, SettingsForm
from ccm_core.services.plugin_settings import checked_settings, effective_settings

FORM = SettingsForm(
    (
        SettingField("title", "Title", "text", "Hello"),
        SettingField("digits", "Digits", "integer", 6, minimum=-2, maximum=8),
        SettingField("open", "Open", "integer", 0),
        SettingField("strict", "Strict", "boolean", default=False),
        SettingField("size", "Size", "choice", "s", choices=(("s", "Small"), ("m", "Medium"))),
    )
)
TYPED = {"title": "", "digits": "6", "open": "0", "size": "s"}


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("title", " Grüße ", "Grüße"),
        ("title", "x" * 200, "x" * 200),
        ("digits", "-2", -2),
        ("digits", " 8 ", 8),
        ("open", "999999999", 999999999),
        ("open", "-999999999", -999999999),
        ("strict", "1", True),
        ("strict", "on", True),
        ("strict", "", False),
        ("size", "m", "m"),
    ],
)
def test_a_good_value_is_taken(field: str, text: str, value: object) -> None:
    assert checked_settings(FORM, TYPED | {field: text})[field] == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", "x" * 201),
        ("title", "a\nb"),
        ("title", "a\x1bb"),
        ("digits", ""),
        ("digits", "-3"),
        ("digits", "9"),
        ("digits", "6.0"),
        ("digits", "６"),
        ("digits", "--6"),
        ("digits", "+6"),
        ("open", "9" * 10),
        ("size", "l"),
        ("size", "Small"),
        ("size", ""),
    ],
)
def test_a_bad_value_names_its_field(field: str, text: str) -> None:
    with pytest.raises(InputError) as refused:
        checked_settings(FORM, TYPED | {field: text})
    assert refused.value.field == field


@pytest.mark.parametrize("field", TYPED)
def test_a_field_that_was_not_sent_is_not_emptied(field: str) -> None:
    with pytest.raises(InputError) as refused:
        checked_settings(FORM, {name: text for name, text in TYPED.items() if name != field})
    assert refused.value.field == field


def test_a_box_that_is_not_ticked_is_not_sent() -> None:
    assert checked_settings(FORM, TYPED)["strict"] is False


def test_names_that_the_plugin_does_not_have_are_left_out() -> None:
    assert set(checked_settings(FORM, TYPED | {"other": "x"})) == {"title", "digits", "open", "strict", "size"}
    assert effective_settings(FORM, {"digits": 7, "gone": "x"}) == {
        "title": "Hello",
        "digits": 7,
        "open": 0,
        "strict": False,
        "size": "s",
    }
    assert effective_settings(None, {"gone": "x"}) == {}
