# SPDX-License-Identifier: MIT
"""Every error as a page: a sentence, never a trace, with all headers (ASVS 16.5.1, 16.5.4)."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from flask import Request, Response
from werkzeug.exceptions import HTTPException

from ccm_core.errors import Busy, CcmError, Conflict, InputError, NotFound, PluginRefused, Throttled
from ccm_core.services.proofs import Denied
from ccm_core.texts import best_language
from ccm_core.texts import marked as _
from ccm_core.web.context import Web
from ccm_core.web.paths import masked
from ccm_core.web.request_ids import KEY


@dataclass(frozen=True, slots=True)
class Told:
    """What the person reads about an error."""

    status: int
    title: str
    text: str
    retry_after: int | None = None
    allow: str = ""


_BY_STATUS = {
    400: (_("Bad request"), _("The request could not be read. Please go back and try again.")),
    403: (
        _("Not allowed"),
        _("You may not do this. If you came from a form, open its page again and repeat it there."),
    ),
    404: (_("Not found"), _("This page does not exist.")),
    405: (_("Method not allowed"), _("This address does not take such a request.")),
    411: (_("Length required"), _("The request does not say how long it is.")),
    413: (_("Too large"), _("The request is larger than any form here.")),
    415: (_("No form"), _("The request does not hold a form.")),
    421: (_("Wrong address"), _("This server does not answer under this name.")),
}
UNREAD = frozenset({404, 405, 411, 413, 415, 421})
"""What is answered before a body is read, after which the connection cannot carry another request."""
_FAILED = (
    _("Something went wrong"),
    _("The page could not be shown. The administrator can see why."),
)


def tell(error: Exception) -> Told:
    """Return what to tell of an error; an empty text stands for the error's own sentence."""
    known: dict[type[Exception] | tuple[type[Exception], ...], Told] = {
        Throttled: Told(429, _("Please wait"), "", getattr(error, "retry_after", None)),
        NotFound: Told(404, _("Not found"), ""),
        (Conflict, PluginRefused): Told(409, _("This is not possible"), ""),
        (InputError, Denied): Told(400, _("This is not possible"), ""),
    }
    if isinstance(error, Busy):
        return Told(error.status, _("Please try again"), "", error.retry_after)
    for kinds, told in known.items():
        if isinstance(error, kinds):
            return told
    if isinstance(error, HTTPException) and error.code in _BY_STATUS:
        allow = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return Told(error.code, *_BY_STATUS[error.code], allow=allow)
    return Told(500, *_FAILED)


def _log(told: Told, request: Request, error: Exception) -> None:
    """Log what the administrator must mend: a failure, and what the database said when it could not take a request."""
    log = structlog.get_logger("web").bind(method=request.method, path=masked(request.path))
    if told.status == 500:
        log.error("request.failed", exc_info=error)
    elif isinstance(error, Busy) and error.__cause__ is not None:
        log.warning("database.refused", error=str(getattr(error.__cause__, "orig", error.__cause__)))


def error_page(web: Web, request: Request, error: Exception) -> Response:
    """Draw an error; it holds no page token and needs neither session nor instance."""
    told = tell(error)
    _log(told, request, error)
    language = best_language(request.headers.get("Accept-Language", ""))
    texts = web.parts.texts.into(language)
    text = texts.gettext(told.text)
    if not told.text and isinstance(error, CcmError):
        sentence = texts.gettext(error.message)
        text = sentence % error.values if error.values else sentence
    frame: dict[str, object] = {
        "instance_name": texts.gettext("Consent Management"),
        "messages": [],
        "path": request.path,
        "user": None,
    }
    title = texts.gettext(told.title)
    reference = request.environ.get(KEY, "") if told.status >= 500 else ""
    frame |= {"status": told.status, "title": title, "text": text, "reference": reference}
    html = web.templates.render(language, "error.html", frame)
    response = Response(html, status=told.status, mimetype="text/html")
    if told.retry_after is not None:
        response.headers["Retry-After"] = str(told.retry_after)
    if told.allow:
        response.headers["Allow"] = told.allow
    if told.status in UNREAD and (request.content_length or "HTTP_TRANSFER_ENCODING" in request.environ):
        response.headers["Connection"] = "close"
    return response
