# SPDX-License-Identifier: MIT
"""One request: everything that a view is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from flask import Request, Response
from markupsafe import Markup

from ccm_core.errors import Busy, CcmError, PluginFailed
from ccm_core.plugin_api import Challenge
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.proofs import Denied
from ccm_core.services.sessions import Session
from ccm_core.services.store import UserStore
from ccm_core.services.tokens import new_token
from ccm_core.services.user_admin import Actor
from ccm_core.texts import LANGUAGES, Translator, best_language
from ccm_core.web import page_tokens
from ccm_core.web.cookies import SESSION, VISIT, Cookies
from ccm_core.web.templating import PluginTemplates, Templates


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence that a page shows once; ``kind`` is ``success``, ``error`` or ``info``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Web:
    """What the web layer keeps for the life of the process."""

    parts: Parts
    templates: Templates
    plugin_templates: PluginTemplates


@dataclass
class Context:
    """A request with its instance, its session (active or locked) if there is one, and its caller."""

    web: Web
    request: Request
    instance: Instance
    client: Client
    cookies: Cookies
    now: float
    session: Session | None
    args: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        """The services."""
        return self.web.parts

    @property
    def active(self) -> Session:
        """The active session; only views of signed-in pages ask for it."""
        if self.session is None or self.session.state != "active":
            raise RuntimeError("A view that needs a session was reached without one.")
        return self.session

    @property
    def account(self) -> Account:
        """The signed-in user."""
        return self.active.account

    @property
    def actor(self) -> Actor:
        """The signed-in administrator, for the audit trail."""
        return Actor(self.account.name, self.client)

    @property
    def path(self) -> str:
        """Path and query of the request."""
        return self.request.full_path.rstrip("?")

    @cached_property
    def language(self) -> str:
        """The language of the answer."""
        return self.language_for(self.session.account.language if self.session else None)

    def language_for(self, chosen: str | None) -> str:
        """Return a user's choice, else the browser's, else English."""
        return chosen if chosen in LANGUAGES else best_language(self.request.headers.get("Accept-Language", ""))

    @cached_property
    def texts(self) -> Translator:
        """The host's texts in the reader's language."""
        return self.parts.texts.into(self.language)

    def say(self, error: CcmError) -> str:
        """Return an error's sentence in the reader's language."""
        if isinstance(error, Denied) and error.plugin:
            return self.web.plugin_templates.translator(error.plugin, self.language)(error.message)
        sentence = self.texts.gettext(error.message)
        return sentence % error.values if error.values else sentence

    def field(self, name: str) -> str:
        """Return a form field's first value, never one of the query (ASVS 15.3.7); only a POST has any."""
        return self.request.form.get(name, "") if self.request.method == "POST" else ""

    @cached_property
    def page_token(self) -> str:
        """The token of this answer's forms, masked once per answer."""
        if self.session is not None and self.session.state == "active":
            return page_tokens.make(self.parts.vault, "session", self.session.family)
        visit = self.cookies.get(VISIT)
        if not visit:
            visit = new_token()
            self.cookies.set(VISIT, visit)
        return page_tokens.make(self.parts.vault, "visit", visit.encode())

    @cached_property
    def _token_field(self) -> Markup:
        return Markup('<input type="hidden" name="page_token" value="%s">') % self.page_token

    def page_token_field(self) -> Markup:
        """Return the hidden field that every form holds."""
        return self._token_field

    def render(self, template: str, status: int = 200, **context: object) -> Response:
        """Draw a page of the host."""
        signed_in = self.session if self.session and self.session.state == "active" else None
        lock_seconds = int(self.parts.sessions.lock_in(signed_in, self.now)) + 1 if signed_in else None
        frame = {
            "page_token_field": self.page_token_field,
            "instance_name": self.texts.gettext("Consent Management"),
            "user": signed_in.account if signed_in else None,
            "is_admin": bool(signed_in and signed_in.account.administrator),
            "messages": self._messages(signed_in),
            "path": self.request.path,
            "lock_seconds": lock_seconds,
            "error": None,
            "errors": {},
            "values": {},
        }
        html = self.web.templates.render(self.language, template, frame | context)
        return Response(html, status=status, mimetype="text/html")

    def draw(self, plugin: str, template: str, context: Mapping[str, object]) -> Markup:
        """Draw a plugin's part; raises PluginFailed."""
        token = self.page_token_field
        return self.web.plugin_templates.draw(plugin, self.language, template, context, page_token_field=token)

    def draw_challenge(self, plugin: str, challenge: Challenge) -> Markup | None:
        """Draw a challenge's part, or return None when the plugin fails at it."""
        try:
            return self.draw(plugin, challenge.template, challenge.context)
        except PluginFailed:
            return None

    def plugin_text(self, plugin: str) -> Callable[[str], str]:
        """Return the translator for what a plugin says."""
        return self.web.plugin_templates.translator(plugin, self.language)

    def plugin_store(self, plugin: str, account: Account) -> UserStore:
        """Return what a plugin keeps of a user."""
        return UserStore(self.parts.database, self.instance.id, plugin, account.id)

    def plugin_label(self, plugin: str) -> str:
        """Return a plugin's name for people."""
        record = self.parts.registry.records.get(plugin)
        return self.plugin_text(plugin)(record.label) if record else plugin

    def redirect(self, path: str, message: str = "", kind: str = "success") -> Response:
        """Send the browser to a path of our own; ``message`` is shown once on the session's next page."""
        if message and self.session:
            self._note(self.session, [kind, message])
        response = Response(status=303)
        response.headers["Location"] = path
        return response

    def json(self, value: Mapping[str, object], status: int = 200) -> Response:
        """Answer with JSON."""
        return Response(json.dumps(value), status=status, mimetype="application/json")

    def renew(self, token: str) -> None:
        """Hand the session's new token to the browser."""
        self.cookies.set(SESSION, token)

    def _note(self, session: Session, notice: list[str] | None) -> None:
        """Keep a message or forget it. What it tells of is done: while the disk is full it is lost, or shown again."""
        with suppress(Busy):
            self.parts.sessions.put_notice(session.id, notice)

    def _messages(self, session: Session | None) -> list[Message]:
        if session is None or not session.notice:
            return []
        self._note(session, None)
        kind, text = session.notice
        return [Message(kind, text)]
