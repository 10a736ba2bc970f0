# SPDX-License-Identifier: MIT
"""Drawing: plugins see their own templates alone, always escaped; failures name the line; times are exact."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import Markup, escape

from ccm_core.errors import PluginFailed
from ccm_core.plugin_manager.faults import Fault
from ccm_core.plugin_manager.registry import Registry
from ccm_core.services.plugin_texts import PluginTexts
from ccm_core.texts import host_texts
from ccm_core.web.templating import PluginTemplates, plugin_url, when
from tests.bad_plugins import HOST_VERSION, discover, installed

TOKEN = Markup('<input name="page_token">')


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of a plugin's templates, which a test may add to before the first drawing."""
    with installed(tmp_path, "working"):
        yield tmp_path / "working" / "templates"


@pytest.fixture
def faults() -> list[Fault]:
    return []


@pytest.fixture
def templates(folder: Path, faults: list[Fault]) -> PluginTemplates:
    registry = Registry(discover(HOST_VERSION, [str(folder.parents[1])]), faults.append)
    return PluginTemplates(registry, PluginTexts(registry), host_texts(), faults.append)


def draw(templates: PluginTemplates, name: str, language: str = "en", **context: object) -> Markup:
    return templates.draw("working", language, f"plugins/working/{name}", context, page_token_field=lambda: TOKEN)


def test_what_is_handed_in_is_escaped(templates: PluginTemplates, folder: Path) -> None:
    (folder / "own.html").write_text("{{ text }}|{{ url('a') }}|{{ page_token_field() }}", "utf-8")
    assert draw(templates, "own.html", text="<b>&") == f"&lt;b&gt;&amp;|/plugins/working/a|{TOKEN}"


class Drawn:
    def __html__(self) -> str:
        return "<i>"


class Named(str):
    """A string of a type of its own is not taken for markup."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<&'\">", "&lt;&amp;&#39;&#34;&gt;"),
        (Named("<"), "&lt;"),
        (Markup("<b>"), "<b>"),
        (Drawn(), "<i>"),
        (["<"], "[&#39;&lt;&#39;]"),
        (7, "7"),
        (None, "None"),
    ],
)
def test_every_value_is_escaped_as_its_type_asks_for_however_it_reaches_the_page(
    templates: PluginTemplates, folder: Path, given: object, shown: str
) -> None:
    macro = "{% macro say(text) %}{{ text }}{{ caller() }}{% endmacro %}"
    (folder / "own.html").write_text(
        macro + "{% set kept %}{{ text }}{% endset %}{{ text }}|{{ kept }}|{% call say(text) %}{{ text }}{% endcall %}",
        "utf-8",
    )
    assert escape(given) == shown
    assert draw(templates, "own.html", text=given) == f"{shown}|{shown}|{shown}{shown}"


def test_a_time_is_shown_as_the_host_shows_times(templates: PluginTemplates, folder: Path) -> None:
    (folder / "own.html").write_text("{{ when(at) }}", "utf-8")
    shown = {language: draw(templates, "own.html", language, at=1_800_000_000.5) for language in ("en", "de")}
    assert shown["en"] == when("en", 1_800_000_000)
    assert "15.01.2027, 08:00:00 UTC</time>" in shown["de"]


def test_the_plugin_s_own_texts_come_first_and_then_the_host_s(templates: PluginTemplates, folder: Path) -> None:
    (folder / "own.html").write_text('{{ _("Enrolled") }} {{ _("Log in") }} {{ _("never seen") }}', "utf-8")
    assert draw(templates, "own.html", "de") == "Eingerichtet Anmelden never seen"
    assert draw(templates, "own.html", "en") == "Enrolled Log in never seen"
    assert templates.translator("working", "de")("Enrolled") == "Eingerichtet"


@pytest.mark.parametrize(
    "name",
    [
        "{% include 'base.html' %}",
        "{% extends 'layout.html' %}",
        "{% include 'plugins/twofactor/code.html' %}",
        "{% include 'plugins/working/../__init__.py' %}",
        "{% include 'challenge.html' %}",
        "{{ config }}",
        "{{ request }}",
        "{{ user.name }}",
        "{{ static('app.css') }}",
    ],
)
def test_nothing_of_the_host_or_of_other_plugins_is_seen(
    templates: PluginTemplates, folder: Path, faults: list[Fault], name: str
) -> None:
    (folder / "own.html").write_text(f"\n{name}", "utf-8")
    with pytest.raises(PluginFailed) as failed:
        draw(templates, "own.html")
    assert failed.value.plugin == "working"
    (fault,) = faults
    assert (fault.plugin, fault.hook) == ("working", "template")
    assert "plugins/working/own.html, line " in fault.reason


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("\n\n{{ missing }}", "UndefinedError in plugins/working/own.html, line 3"),
        ("\n{% if %}", "TemplateSyntaxError in plugins/working/own.html, line 2"),
        ("{{ 1 / 0 }}", "ZeroDivisionError in plugins/working/own.html, line 1"),
        ("{{ raises() }}", "RuntimeError in plugins/working/own.html, line 1"),
    ],
)
def test_a_failure_names_kind_and_line_but_not_the_words(
    templates: PluginTemplates, folder: Path, faults: list[Fault], source: str, told: str
) -> None:
    def raises() -> None:
        raise RuntimeError("secret 123456")

    (folder / "own.html").write_text(source, "utf-8")
    with pytest.raises(PluginFailed):
        draw(templates, "own.html", raises=raises)
    assert told in faults[0].reason
    assert "123456" not in faults[0].reason


def test_a_template_that_is_missing_is_named(templates: PluginTemplates, faults: list[Fault]) -> None:
    with pytest.raises(PluginFailed):
        draw(templates, "none.html")
    assert "plugins/working/none.html" in faults[0].reason


def test_a_plugin_that_is_not_installed_draws_nothing(templates: PluginTemplates) -> None:
    with pytest.raises(PluginFailed):
        templates.draw("gone", "en", "plugins/gone/x.html", {}, page_token_field=lambda: TOKEN)


def test_a_page_of_a_plugin_has_a_fixed_place() -> None:
    assert plugin_url("working", "setup/begin") == "/plugins/working/setup/begin"


def test_a_time_is_told_to_people_and_exactly_to_machines() -> None:
    exact = "2027-01-15T08:00:00Z"
    assert when("en", 1_800_000_000.9).startswith(f'<time datetime="{exact}" title="{exact}">Jan 15, 2027, 8:00:00')
    assert when("de", 1_800_000_000.0).endswith(">15.01.2027, 08:00:00 UTC</time>")
    assert "1970" not in when("en", None)
