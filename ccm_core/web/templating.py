# SPDX-License-Identifier: MIT
"""Draws pages: the host's templates, and the parts that plugins add to them. The only place that knows Jinja."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb
from types import FunctionType
from typing import Any, cast

import markupsafe
from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, FunctionLoader, StrictUndefined, Template
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from markupsafe import Markup, escape

from ccm_core.errors import PluginFailed
from ccm_core.plugin_manager.faults import Fault, Report, by_a_person, describe_call
from ccm_core.plugin_manager.registry import Registry
from ccm_core.services.plugin_texts import PluginTexts
from ccm_core.texts import LANGUAGES, Texts
from ccm_core.web.static_files import static_url
from ccm_core.web.template_folder import template_folder

PREFIX = "plugins"


class Constants(Extension):
    """Answers ``_("…")`` and ``static("…")`` at compile time, so that they cost nothing later.

    An environment has one language, and a process one set of files. What is no plain text in brackets stays a call.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Replace the four tokens of such a call by its text."""
        known = {name: self.environment.globals[name] for name in ("_", "static") if name in self.environment.globals}
        for token in stream:
            if token.type == "name" and token.value in known and stream.current.test("lparen"):
                call = [token, next(stream), next(stream), next(stream)]
                if call[2].test("string") and call[3].test("rparen"):
                    function = cast("Callable[[str], str]", known[token.value])
                    yield Token(token.lineno, "string", function(call[2].value))
                else:
                    yield from call
            else:
                yield token


class PlainTemplate(Template):
    """Escapes what it prints without marking each piece as escaped: the pieces are joined at once, never handed on."""

    @classmethod
    def from_code(cls, *args: Any, **kwargs: Any) -> Template:
        """Return a template whose compiled code calls ``escaped`` where Jinja lets it call ``markupsafe.escape``."""
        template = super().from_code(*args, **kwargs)
        cast("FunctionType", template.root_render_func).__globals__["escape"] = escaped
        return template


def escaped(value: object) -> str:
    """Return what ``markupsafe.escape`` does, as a plain string: to mark fifty pieces costs a tenth of a page."""
    kind = type(value)
    if kind is str:
        return _escape_text(cast("str", value))
    return cast("Markup", value) if kind is Markup else escape(value)


_escape_text: Callable[[str], str] = getattr(markupsafe, "_escape_inner", escape)


class PlainEnvironment(Environment):
    """Hands templates its globals as they are; a chain of mappings with one link takes a tenth of a page's time."""

    template_class = PlainTemplate

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template."""
        return super().make_globals(d) if d else self.globals


class PlainContext(Context):
    """Calls without asking whether the context is wanted: nothing of ours wants it, and a page has fifty calls."""

    def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or a function."""
        if kwargs:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
        return function(*args, **kwargs)


class Templates:
    """The host's pages, one environment per language: texts are globals, so that macros see them too."""

    def __init__(self, texts: Texts) -> None:
        loader = FileSystemLoader(template_folder())
        self._environments = {language: self._environment(loader, texts, language) for language in LANGUAGES}

    def render(self, language: str, template: str, context: Mapping[str, object]) -> str:
        """Draw a page of the host."""
        return self._environments[language].get_template(template).render(context)

    @staticmethod
    def _environment(loader: FileSystemLoader, texts: Texts, language: str) -> Environment:
        environment = _strict(loader)
        translator = texts.into(language)
        environment.globals |= {
            "_": translator.gettext,
            "ngettext": translator.ngettext,
            "lang": language,
            "static": static_url,
            "when": lambda at: when(language, at),
        }
        environment.add_extension(Constants)
        environment.context_class = PlainContext
        return environment


class PluginTemplates:
    """The plugins' parts: a plugin sees its own templates and texts, and of the host only what is handed in."""

    def __init__(self, registry: Registry, plugin_texts: PluginTexts, host: Texts, report: Report) -> None:
        self._registry = registry
        self._plugin_texts = plugin_texts
        self._host = host
        self._report = report
        self._environments: dict[tuple[str, str], Environment] = {}

    def draw(
        self,
        plugin: str,
        language: str,
        template: str,
        context: Mapping[str, object],
        *,
        page_token_field: Callable[[], Markup],
    ) -> Markup:
        """Draw a part in a try of its own; raises PluginFailed, and then the failure is reported."""
        own = {"url": lambda path: plugin_url(plugin, path), "page_token_field": page_token_field}
        try:
            environment = self._environment(plugin, language)
            return Markup(environment.get_template(template).render(dict(context) | own))  # noqa: S704 - escaped by Jinja
        except BaseException as error:
            if by_a_person(error):
                raise
            reason = _told(template, error)
            self._report(Fault(plugin, "template", reason))
            message = "The plugin %(name)s failed in %(call)s: %(reason)s."
            raise PluginFailed(plugin, "template", message, call="template", reason=reason) from None

    def translator(self, plugin: str, language: str) -> Callable[[str], str]:
        """Return how a plugin's texts are translated: by its own catalogue, else by the host's."""
        own, host = self._plugin_texts.into(plugin, language), self._host.into(language)

        def translate(message: str) -> str:
            translated = own.gettext(message)
            return translated if translated != message else host.gettext(message)

        return translate

    def _environment(self, plugin: str, language: str) -> Environment:
        environment = self._environments.get((plugin, language))
        if environment is None:
            folder = self._registry.get(plugin).templates
            start = f"{PREFIX}/{plugin}/"

            def source(name: str) -> str | None:
                path = Path(name.removeprefix(start))
                inside = name.startswith(start) and ".." not in path.parts and folder is not None
                return (folder / path).read_text("utf-8") if inside and folder and (folder / path).is_file() else None

            environment = _strict(FunctionLoader(source))
            environment.globals |= {"_": self.translator(plugin, language), "when": lambda at: when(language, at)}
            environment.add_extension(Constants)
            self._environments[plugin, language] = environment
        return environment


def plugin_url(plugin: str, path: str) -> str:
    """Return the address of a plugin's page."""
    return f"/plugins/{plugin}/{path}"


def _told(template: str, error: BaseException) -> str:
    """Tell what a template raised and in which of its lines, without its message; Jinja marks a template's frames."""
    frames = walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if "__jinja_exception__" in frame.f_globals]
    return f"{type(error).__name__} in {template}, line {lines[-1]}" if lines else f"{template}: {describe_call(error)}"


@lru_cache(maxsize=512)
def when(language: str, at: float | None) -> Markup:
    """Return a time as people read it, with the exact one (UTC) for machines and on hover."""
    if at is None:
        return Markup("&ndash;")
    moment = datetime.fromtimestamp(int(at), UTC)
    shown = format_datetime(moment, "medium", locale=language)
    exact = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, exact, escape(f"{shown} UTC"))


def _strict(loader: FileSystemLoader | FunctionLoader) -> Environment:
    return PlainEnvironment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
    )
