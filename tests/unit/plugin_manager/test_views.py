# SPDX-License-Identifier: MIT
"""What a view may answer, and what becomes of anything else."""

from collections.abc import Callable

import pytest

from ccm_core.errors import PluginFailed, Throttled
from ccm_core.plugin_api import Page, PageRequest, Redirect, Route
from ccm_core.plugin_manager.calls import Calls
from ccm_core.plugin_manager.faults import Fault
from ccm_core.plugin_manager.registry import Registry
from tests.bad_plugins import plugin_name
from tests.unit.plugin_manager.conftest import Install
from tests.unit.plugin_manager.failures import ERIKA, VIEWS, assert_told

CallsOf = Callable[..., Calls]


def request_of(form: dict[str, str]) -> PageRequest:
    return PageRequest(
        method="POST",
        form=form,
        user=ERIKA,
        now=59.0,
        issuer="Host",
        settings={},
        translate=str,
        url=lambda path: f"/plugins/working/{path}",
        store=NotImplemented,
        enrolments=NotImplemented,
    )


@pytest.mark.parametrize("stem", VIEWS)
def test_a_failing_view_is_an_error(install: Install, faults: list[Fault], stem: str) -> None:
    registry = Registry(install(stem), faults.append)
    calls = Calls(registry, faults.append)
    with pytest.raises(PluginFailed):
        calls.view(plugin_name(stem), registry.get(plugin_name(stem)).routes[0], request_of({"to": "//example.org"}))
    assert_told(faults, stem, "view", VIEWS[stem])


@pytest.mark.parametrize(
    "to",
    [
        "",
        "account",
        "//example.org",
        "/\\example.org",
        "\\\\example.org",
        "https://example.org/",
        "/account\r\nSet-Cookie: x=y",
        "/account ",
        "/\tx",
        "/\x00",
        "/kö",
        "javascript:alert(1)",
        None,
    ],
)
def test_a_redirect_stays_on_this_host(calls_of: CallsOf, to: str) -> None:
    with pytest.raises(PluginFailed, match="it redirects to something else than a path of this host"):
        calls_of("working").view("working", Route("GET", "", lambda _request: Redirect(to)), request_of({}))


@pytest.mark.parametrize(
    "answer",
    [
        Redirect("/"),
        Redirect("/account?tab=2#end", "Saved."),
        Page("Title", "plugins/working/a/b.html", {"x": 1}, status=422),
        Page("", "plugins/working/a.html"),
    ],
)
def test_a_proper_page_or_redirect_is_handed_on(calls_of: CallsOf, answer: Page | Redirect) -> None:
    assert calls_of("working").view("working", Route("GET", "", lambda _request: answer), request_of({})) is answer


@pytest.mark.parametrize(
    "template",
    [
        "plugins/working",
        "plugins/working/",
        "plugins/working/./x.html",
        "plugins/working//x.html",
        "/plugins/working/x.html",
        "plugins/working/a\\..\\x.html",
        "plugins/workingnot/x.html",
        None,
    ],
)
def test_a_page_is_drawn_from_the_plugins_own_templates(calls_of: CallsOf, template: str) -> None:
    with pytest.raises(PluginFailed, match="its template is not inside plugins/working/"):
        calls_of("working").view("working", Route("GET", "", lambda _: Page("Title", template)), request_of({}))


def test_an_error_of_the_host_passes_through_a_view(calls_of: CallsOf, faults: list[Fault]) -> None:
    def confirm(_request: PageRequest) -> Page:
        raise Throttled("Too many codes.", 30)

    with pytest.raises(Throttled):
        calls_of("working").view("working", Route("POST", "", confirm), request_of({}))
    assert faults == []


def test_a_person_can_interrupt_a_hook(calls_of: CallsOf) -> None:
    def interrupt(_request: PageRequest) -> Page:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calls_of("working").view("working", Route("GET", "", interrupt), request_of({}))
