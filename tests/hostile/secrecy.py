# SPDX-License-Identifier: MIT
"""Notes every secret at the moment it is born, with its owner, and every answer; tells what was seen where it must not.

A secret is what people type as password or code, the key of a second factor, the token of a mailed link, the value of
a cookie, a page token, and what is left of a page token without its mask.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import httpx

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from tests.functional.phone import SETUP

PROOF_FIELDS = {"password", "current_password", "new_password", "repeat_password", "code"}
PAGE_FIELDS = re.compile(r'name="(?:page_token|approval)"\s+value="([\w-]+)"')
KEY_SHOWN = re.compile(r"secret=([A-Z2-7]{32})")
LINK = re.compile(r"/(?:password/reset|activate|account/email)/([\w-]{43})")


@dataclass(frozen=True)
class Secret:
    """A value that only its owner may see. ``born`` is the answer or mail in which it came into the world."""

    kind: str
    text: str
    owner: str
    born: object = field(default=None, compare=False, repr=False)

    def forms(self) -> set[bytes]:
        """Return the value as it could be written down."""
        if self.kind == "page token":  # 32 of its bytes are a mask of its own; the rest is a secret too
            return {self.text.encode()}
        if self.kind == "code":
            return {self.text.encode(), f"{self.text[:3]} {self.text[3:]}".encode()}
        raw = self.text.encode()
        texts = {self.text, escape(self.text), quote(self.text, safe=""), quote_plus(self.text)}
        found = {text.encode() for text in texts | {json.dumps(self.text)[1:-1], self.text[::-1]}}
        found |= set(_encoded(raw))
        if self.kind == "key":
            grouped = " ".join(self.text[at : at + 4] for at in range(0, len(self.text), 4))
            found |= {self.text.lower().encode(), grouped.encode(), grouped.lower().encode()}
            found |= set(_encoded(base64.b32decode(self.text)))
        elif self.kind not in {"password", "word"}:
            found |= set(_encoded(base64.urlsafe_b64decode(self.text + "==")))
        return found

    def stands_in(self, content: bytes) -> bool:
        """Whether the content holds the value in one of its forms; digits that are part of a longer number do not."""
        if self.kind != "code":
            return any(form in content for form in self.forms())
        return any(re.search(rb"(?<![\d.])%b(?!\d)" % form, content) for form in self.forms())


def _encoded(raw: bytes) -> Iterator[bytes]:
    """Yield bytes as they are, in hex, percent-encoded, and in base64 wherever in a longer text they begin."""
    yield raw
    yield from (raw.hex().encode(), raw.hex().upper().encode(), b"".join(b"%%%02X" % one for one in raw))
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        inner = whole[4 if before else 0 : (len(raw) + before) // 3 * 4]
        yield from (inner, inner.translate(bytes.maketrans(b"+/", b"-_")))


@dataclass(eq=False)
class Answer:
    """What a browser got for a request, and what the request itself said outside the fields for secrets."""

    browser: str
    path: str
    said: bytes
    response: httpx.Response

    def seen(self) -> bytes:
        """Return everything of the answer but the cookies that it sets."""
        head = [b"%b: %b" % pair for pair in self.response.headers.raw if pair[0].lower() != b"set-cookie"]
        return b"\n".join([*head, self.response.content])

    def cookies(self) -> bytes:
        return "\n".join(self.response.headers.get_list("set-cookie")).encode()


class Diary:
    """Everything that was secret and everything that was answered in one story."""

    def __init__(self, tenant: Tenant, clients: Iterable[httpx.Client]) -> None:
        self.tenant = tenant
        self.clients = itertools.cycle(clients)
        self.secrets: dict[tuple[str, str], Secret] = {}
        self.answers: list[Answer] = []
        self.printed: list[tuple[str, bytes]] = []
        self.owners: dict[str, set[str]] = {}
        self._numbers = itertools.count(1)

    def note(self, kind: str, text: str, owner: str, born: object = None) -> Secret:
        """Write a secret down, once."""
        return self.secrets.setdefault((kind, text), Secret(kind, text, owner, born))

    def browser(self, owner: str, **options: str) -> Watched:
        """Return a new browser whose every request and answer is written down."""
        return Watched(self, f"{owner} {next(self._numbers)}", **options)

    def link(self, to: str) -> str:
        """Return the path of the latest link that was mailed to an address."""
        texts = (str(mail.get_content()) for mail in reversed(self.tenant.mails(to)))
        found = next(link for text in texts for link in LINK.finditer(text))
        self.note("link", found[1], to)
        return found[0]

    def typed(self, owner: str, fields: Mapping[str, object]) -> None:
        """Write down what a person types as password or code; short ones are bad input and nobody's."""
        for name in PROOF_FIELDS & set(fields):
            text = str(fields[name])
            if name != "code" and len(text) > 7:
                self.note("password", text, owner)
            elif name == "code" and len(text) == 6:
                self.note("code" if text.isdecimal() else "word", text, owner)
            elif name == "code" and 7 < len(text) < 100:
                self.note("word", text, owner)

    def answered(self, answer: Answer) -> None:
        """Write an answer down, and every secret that is born in it."""
        self.answers.append(answer)
        for line in answer.response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value:
                self.note(name, value, answer.browser, answer)
        html = answer.response.text
        for token in PAGE_FIELDS.findall(html):
            self.note("page token", token, answer.browser, answer)
            raw = base64.urlsafe_b64decode(token + "==")
            plain = bytes(one ^ other for one, other in zip(raw[:32], raw[32:], strict=True))
            text = base64.urlsafe_b64encode(plain).decode().rstrip("=")
            self.note("page token without mask", text, answer.browser)
            self.owners.setdefault(text, set()).add(answer.browser)
        for key in KEY_SHOWN.findall(html):
            self.note("key", key, answer.browser)

    def belongs(self, secret: Secret, answer: Answer) -> bool:
        """Whether an answer may hold a secret: where it was born, and what the request itself had said in the open."""
        if secret.kind == "key":
            return (answer.browser, answer.path) == (secret.owner, SETUP)
        if secret.kind == "page token" and answer is secret.born:
            return True
        return secret.stands_in(answer.said)

    def misplaced(self) -> list[tuple[str, str]]:
        """Return kind of each secret and path of each answer in which it stands and must not."""
        found = []
        for secret, answer in itertools.product(self.secrets.values(), self.answers):
            shown = secret.stands_in(answer.seen()) and not self.belongs(secret, answer)
            set_again = answer is not secret.born and secret.stands_in(answer.cookies())
            if shown or set_again:
                found.append((secret.kind, answer.path))
        return found

    def told_by(self, content: bytes, *without: str) -> list[tuple[str, str]]:
        """Return kind and value of the secrets that stand in a content, but for some kinds."""
        kept = (secret for secret in self.secrets.values() if secret.kind not in without)
        return [(secret.kind, secret.text) for secret in kept if secret.stands_in(content)]


class Watched(Browser):
    """A browser whose requests go to the worker processes in turn and are all written down."""

    def __init__(self, diary: Diary, owner: str, **options: str) -> None:
        super().__init__(diary.tenant.origin, next(diary.clients), **options)
        self.diary = diary
        self.owner = owner

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str | None] | None = None, **options: Any
    ) -> httpx.Response:
        """Send one request, written down with its answer."""
        fields: Mapping[str, object] = options.get("data") or {}
        self.diary.typed(self.owner, fields)
        self.client = next(self.diary.clients)
        response = super().send(method, path, headers=headers, **options)
        open_fields = [str(value) for name, value in fields.items() if name not in {*PROOF_FIELDS, "page_token"}]
        said = "\n".join([str(response.request.url), *open_fields]).encode()
        self.diary.answered(Answer(self.owner, path.partition("?")[0], said, response))
        return response
