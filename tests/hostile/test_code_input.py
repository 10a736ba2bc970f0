# SPDX-License-Identifier: MIT
"""H15 to H21: what is typed or sent as a code. Only six ASCII digits of the first form field are one."""

import json
import time
from collections.abc import Iterable
from urllib.parse import urlencode

import httpx
import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD
from tests.functional.acts import events, snapshot
from tests.functional.phone import DISABLE, SETUP, Enrolled, begin_setup
from tests.hostile.acts import CHALLENGE, reasons, state
from tests.hostile.routes import token_of

FORM = {"content-type": "application/x-www-form-urlencoded"}
ZEROS = {
    "full width": "\uff10",
    "Arabic-Indic": "\u0660",
    "Persian": "\u06f0",
    "Devanagari": "\u0966",
    "mathematical": "\U0001d7d8",
    "segmented": "\U0001fbf0",
}
"""Zeros that Python's ``\\d``, ``int()`` and ``isdigit()`` take for digits."""


def of_script(code: str, zero: str) -> str:
    """Write a code in the digits of another script."""
    return "".join(chr(ord(zero) + int(digit)) for digit in code)


def assert_refused(erika: Enrolled, values: Iterable[str | None], *, status: int = 401, field: str = "code") -> None:
    """Type each value at a second dialog of its own: nothing happens, and the code that is shown works afterwards."""
    for value in values:
        browser = erika.at_second_dialog()
        form, before = browser.page.form(CHALLENGE).fields, snapshot(erika.tenant)
        recorded = reasons(erika.tenant, "erika")
        del form["code"]
        browser.post(CHALLENGE, form if value is None else form | {field: value})
        assert (browser.response.status_code, state(browser)) == (status, "none"), (field, value)
        assert snapshot(erika.tenant) == before
        assert reasons(erika.tenant, "erika") == [*recorded, "wrong"][: len(recorded) + (status == 401)]
        browser.post(CHALLENGE, form | {"code": erika.phone.code()})
        assert state(browser) == "active", (field, value)
        erika.tenant.host.clock.to_step_start()


@pytest.fixture
def erika(erika: Enrolled) -> Enrolled:
    """The user ``erika``, whose phone shows a code that was not used yet."""
    erika.tenant.host.clock.to_step_start()
    return erika


EMPTY = [None, "", " ", "      ", "000000", "null", "None", "undefined", "NaN", "true", "0", "[]", "{}", "*", "%", "''"]


def test_h15_nothing_blanks_zeros_and_names_of_nothing_are_refused(erika: Enrolled) -> None:
    assert erika.phone.code() != "000000"
    assert_refused(erika, EMPTY)


@pytest.mark.parametrize("script", ZEROS)
def test_h16_the_right_code_in_digits_of_another_script_is_refused(erika: Enrolled, script: str) -> None:
    code = erika.phone.code()
    assert_refused(erika, [of_script(code, ZEROS[script])])
    code = erika.phone.code()
    assert_refused(erika, [code[:5] + of_script(code[5], ZEROS[script])])


def test_h16_digits_of_another_script_neither_confirm_nor_disable_nor_set_up(erika: Enrolled) -> None:
    tenant = erika.tenant
    tenant.add_user("otto")
    otto = tenant.browser("otto")
    new_phone = begin_setup(tenant, otto)
    for browser, path, phone, more in (
        (erika.browser, "/confirm", erika.phone, {"password": PASSWORD}),
        (erika.browser, DISABLE, erika.phone, {}),
        (otto, SETUP, new_phone, {}),
    ):
        browser.get(path)
        browser.submit(path, code=of_script(phone.code(), ZEROS["full width"]), **more)
        assert browser.response.status_code == 400, path
    assert [reasons(tenant, name) for name in ("erika", "otto")] == [["wrong"] * 2, ["wrong"]]
    assert [tenant.browser(name).path for name in ("erika", "otto")] == [CHALLENGE, "/"]


def test_h17_nothing_before_inside_or_after_the_six_digits_is_overlooked(erika: Enrolled) -> None:
    forms = ("{}\n", "\n{}", "{}\r\n", "\t{}", "{}\v", "+{}", "-{}", "{}0", "0{}", "{}e0", "{}.0", "{},", "0x{}")
    for form in (*forms, "{}\u00a0", "{}\u200b", "\ufeff{}", "{}\u2028", "'{}'", "{};", "{}/*", "{}L"):
        assert_refused(erika, [form.format(erika.phone.code())])
    for inner in ("\n", "\t", "_", "-", ".", "\u00a0", "\u2009"):
        code = erika.phone.code()
        assert_refused(erika, [code[:3] + inner + code[3:]])
    assert_refused(erika, [erika.phone.code()[:5]])


def test_h17_a_code_with_a_nul_is_no_text(erika: Enrolled) -> None:
    assert_refused(erika, [erika.phone.code() + "\0"], status=400)
    assert_refused(erika, ["\0" + erika.phone.code()], status=400)
    assert reasons(erika.tenant, "erika") == []


def test_h17_a_leading_zero_belongs_to_the_code(erika: Enrolled) -> None:
    while not erika.phone.code().startswith("0"):
        erika.tenant.host.clock.to_step_start()
    assert_refused(erika, [erika.phone.code()[1:]])


@pytest.mark.parametrize("typed", ["{a} {b}", " {a}{b} ", "{a}  {b}"])
def test_h17_blanks_between_the_digits_are_allowed_as_apps_show_them(erika: Enrolled, typed: str) -> None:
    browser, code = erika.at_second_dialog(), erika.phone.code()
    browser.submit(CHALLENGE, code=typed.format(a=code[:3], b=code[3:]))
    assert state(browser) == "active"


def sinks(erika: Enrolled) -> list[tuple[Browser, str]]:
    """Return a browser that may send a code, for every address that takes one."""
    return [(erika.at_second_dialog(), CHALLENGE), *((erika.browser, path) for path in ("/confirm", SETUP, DISABLE))]


def test_h18_no_kind_of_json_is_a_form(erika: Enrolled) -> None:
    code = erika.phone.code()
    values = [int(code), True, None, [code], {"$ne": ""}, {"code": {"code": code}}, code, float(code)]
    bodies = [json.dumps({"code": value}).encode() for value in values]
    bodies += [b"[" * 10_000, b'{"a":' * 10_000, json.dumps([code]).encode(), b"null", b'"' + code.encode() + b'"']
    before = snapshot(erika.tenant)
    for browser, path in sinks(erika):
        for kind in ("application/json", "application/json; charset=utf-8", "application/vnd.api+json", "text/json"):
            for body in bodies:
                answer = browser.send("POST", path, content=body, headers={"content-type": kind})
                assert (answer.status_code, "set-cookie" in answer.headers) == (415, False)
        for body in bodies:
            assert browser.send("POST", path, content=body, headers=FORM).status_code == 403
    assert snapshot(erika.tenant) == before
    assert reasons(erika.tenant, "erika") == []


def test_h18_a_form_field_that_stands_for_a_list_or_an_object_is_no_code(erika: Enrolled) -> None:
    for name in ("code[]", "code[0]", "code[code]", "code.0", "Code", "code ", "codé"):
        assert_refused(erika, [erika.phone.code()], field=name)


def send(browser: Browser, query: str, *pairs: tuple[str, str]) -> httpx.Response:
    """Send a code form whose fields may come several times."""
    fields = [("page_token", token_of(browser)), ("factor", "twofactor"), *pairs]
    return browser.send("POST", f"{CHALLENGE}?{query}", content=urlencode(fields).encode(), headers=FORM)


def test_h19_of_several_codes_the_first_of_the_form_counts_and_none_of_the_address(erika: Enrolled) -> None:
    code, bad = erika.phone.code(), erika.phone.code(steps=9)
    browser = erika.at_second_dialog()
    for query, pairs in (
        ("", [("code", bad), ("code", code)]),
        (f"code={code}", [("code", bad)]),
        (f"code={code}", []),
        (f"code={code}", [("code", ""), ("code", code)]),
    ):
        assert send(browser, query, *pairs).status_code == 401
        assert state(browser) == "none"
    assert send(browser, f"code={bad}&code={bad}", ("code", code), ("code", bad)).status_code == 303
    assert state(browser) == "active"


def test_h19_of_several_page_tokens_the_first_of_the_form_counts(erika: Enrolled) -> None:
    browser, code = erika.at_second_dialog(), erika.phone.code()
    pairs = [("page_token", "A" * 86), ("page_token", token_of(browser)), ("code", code)]
    for query in ("", f"page_token={token_of(browser)}"):
        answer = browser.send("POST", f"{CHALLENGE}?{query}", content=urlencode(pairs).encode(), headers=FORM)
        assert answer.status_code == 403
    assert state(browser) == "none"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_h20_a_code_in_the_address_of_a_page_is_not_looked_at(erika: Enrolled, method: str) -> None:
    """These addresses are pages too, so GET shows them (200) instead of 405; the query is ignored."""
    tenant, code, before = erika.tenant, erika.phone.code(), snapshot(erika.tenant)
    for browser, path in sinks(erika):
        query = {"code": code, "password": PASSWORD, "page_token": token_of(browser), "factor": "twofactor"}
        answer = browser.send(method, path, params=query)
        assert answer.status_code == (303 if path == SETUP else 200)
        assert code not in answer.text
    assert snapshot(tenant) == before
    assert events(tenant, "code") == []
    late = erika.at_second_dialog()
    late.submit(CHALLENGE, code=code)
    assert state(late) == "active"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_h20_no_other_method_takes_a_code(erika: Enrolled, method: str) -> None:
    before = snapshot(erika.tenant)
    for browser, path in sinks(erika):
        body = urlencode({"code": erika.phone.code(), "page_token": token_of(browser)}).encode()
        answer = browser.send(method, path, content=body, headers=FORM)
        assert answer.status_code == 405, path
    assert snapshot(erika.tenant) == before


QUICK = 4.0
"""Seconds of wall time, for a busy machine; below the five after which judging a code is given up."""


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
def test_h21_bodies_beyond_any_form_are_refused_unread_and_quickly(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    start = urlencode({"page_token": token_of(browser), "code": ""}).encode()
    bodies = {
        "5 MB": start + b"1" * 5_000_000,
        "a million digits": start + b"1" * 1_000_000,
        "a hundred thousand fields": start + b"".join(b"&f%d=1" % number for number in range(100_000)),
        "a hundred thousand codes": start + b"&code=1" * 100_000,
    }
    before = snapshot(erika.tenant)
    for name, body in bodies.items():
        begun = time.monotonic()
        answer = browser.send("POST", CHALLENGE, content=body, headers=FORM)
        assert (answer.status_code, answer.headers["connection"]) == (413, "close"), name
        assert time.monotonic() - begun < QUICK, name
    assert snapshot(erika.tenant) == before
    assert reasons(erika.tenant, "erika") == []


def test_h21_what_just_fits_into_a_form_is_refused_quickly_too(erika: Enrolled) -> None:
    browser, code = erika.at_second_dialog(), erika.phone.code()
    start = urlencode({"page_token": token_of(browser), "factor": "twofactor"}).encode()
    for body in (
        start + b"&code=" + b"1" * 65_000,
        start + b"&code=" + b"+" * 65_000,
        start + b"&code=" + code.encode() + b"9" * 65_000,
        start + b"&a" * 32_000,
    ):
        begun = time.monotonic()
        answer = browser.send("POST", CHALLENGE, content=body, headers=FORM)
        assert (answer.status_code, time.monotonic() - begun < QUICK) == (401, True)
    assert reasons(erika.tenant, "erika") == ["wrong"] * 4
    browser.submit(CHALLENGE, code=code)
    assert state(browser) == "active"
