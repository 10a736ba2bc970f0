# SPDX-License-Identifier: MIT
"""Cookies: read only if they can be ours, and written once at the end of a request."""

import pytest
from flask import Flask, Request, Response
from werkzeug.test import EnvironBuilder

from ccm_core.services.tokens import new_token
from ccm_core.web.cookies import LOGIN, SESSION, Cookies

TOKEN = "b7VKGfHOCKMAz8kX0FoCXH7W5y507YsZPHkHiENWNh4"


def cookies(header: str, *, secure: bool = False) -> Cookies:
    environ = EnvironBuilder(headers={"Cookie": header}).get_environ()
    request: Request = Flask("test").request_class(environ)
    return Cookies(secure, request)


def test_a_token_is_read_under_its_name_alone() -> None:
    assert cookies(f"ccm_session={TOKEN}").get(SESSION) == TOKEN
    assert cookies(f"ccm_session={TOKEN}").get(LOGIN) == ""
    assert cookies(f"ccm_session={TOKEN}", secure=True).get(SESSION) == ""
    assert cookies(f"__Host-ccm_session={TOKEN}", secure=True).get(SESSION) == TOKEN
    assert cookies(f"__Host-ccm_session={TOKEN}").get(SESSION) == ""


@pytest.mark.parametrize(
    "value", ["", "x", TOKEN[:-1], TOKEN + "A", "ä" * 43, TOKEN[:-1] + " ", "A" * 8000, f'"{TOKEN}x"']
)
def test_what_cannot_be_a_token_of_ours_is_none(value: str) -> None:
    assert cookies(f"ccm_session={value}").get(SESSION) == ""


def test_a_change_is_seen_at_once_and_written_at_the_end() -> None:
    jar, other = cookies(f"ccm_session={TOKEN}"), new_token()
    jar.set(SESSION, other)
    assert jar.get(SESSION) == other
    jar.set(SESSION, "")
    jar.set(LOGIN, other)
    assert jar.get(SESSION) == ""
    response = Response()
    jar.apply(response)
    session, login = response.headers.getlist("Set-Cookie")
    assert session.startswith("ccm_session=;")
    assert "Max-Age=0" in session
    assert login == f"ccm_login={other}; HttpOnly; Path=/; SameSite=Lax"
