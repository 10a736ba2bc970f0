# SPDX-License-Identifier: MIT
"""Return addresses: a path of our own stays as it is, everything else becomes the default; tokens are masked."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_core.web.paths import LENGTH, own_path

ORIGIN = "https://ccm.example"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/account",
        "/admin/users?q=a&after=%C3%A4",
        "/a//b",
        "/%2f%2fevil.example",
        "/@x",
        "/x:80",
        "/" + "a" * 1999,
    ],
)
def test_a_path_of_our_own_stays_as_it_is(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "account",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\\b",
        "https:evil.example",
        "https://evil.example",
        "%2f%2fevil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\r\nLocation: https://evil.example",
        "/a b",
        "/ä",
        "/\N{FULLWIDTH SOLIDUS}evil.example",
        "/\0",
        "/\x7f",
        " /account",
        "/" + "a" * LENGTH,
    ],
)
def test_everything_else_becomes_the_default(path: str) -> None:
    assert own_path(path) == "/"
    assert own_path(path, "") == ""


@given(
    st.one_of(st.text(max_size=40), st.text(alphabet="/\\.:@%\t\n evilhtps", max_size=20).map(lambda text: "/" + text))
)
def test_whatever_is_followed_stays_on_this_host(text: str) -> None:
    target = urlsplit(urljoin(ORIGIN + "/login", own_path(text)))
    assert (target.scheme, target.netloc) == ("https", "ccm.example")
