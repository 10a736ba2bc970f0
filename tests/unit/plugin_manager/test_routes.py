# SPDX-License-Identifier: MIT
"""Which pages a plugin may have, path by path."""

import pytest

from ccm_core.errors import PluginRefused
from ccm_core.plugin_api import Route
from ccm_core.plugin_manager.routes import check_routes


@pytest.mark.parametrize("answer", [{"x": 1}, iter(()), 7, "", {Route("GET", "x", print)}])
def test_pages_come_as_a_list(answer: object) -> None:
    with pytest.raises(PluginRefused, match="something else than a list of Route objects"):
        check_routes("x", answer)


@pytest.mark.parametrize("path", ["a//b", "a/./b", "..", "a\\b", "a?b", "a#b", "a b", "a/\x7f"])
def test_a_path_that_no_browser_would_ask_for_is_refused(path: str) -> None:
    with pytest.raises(PluginRefused, match="it may hold no"):
        check_routes("x", [Route("GET", path, lambda request: request)])


def test_a_path_may_end_with_a_slash_and_repeat_in_another_method() -> None:
    routes = [Route("GET", "a/", lambda request: request), Route("POST", "a/", lambda request: request)]
    assert check_routes("x", routes) == tuple(routes)
