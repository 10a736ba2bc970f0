# SPDX-License-Identifier: MIT
"""Callers of every kind at a fresh instance, and what each answer to whatever they send must be."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

from flask import Flask
from sqlalchemy import Table, func, insert, select, update
from werkzeug.test import run_wsgi_app

from ccm_core.db import models as m
from ccm_core.services import mailed_links
from ccm_core.services.accounts import ADMINISTRATOR
from ccm_core.services.parts import Parts
from ccm_core.services.tokens import new_token, token_hash
from ccm_core.web import headers, page_tokens
from tests.model.deployment import ADDRESS, Deployment, Tenant

MOST_ANSWER = 512 * 1024
MOST_SECONDS = 5.0
"""Processor time of one request: fifty times that of a password hash."""
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
KEPT = (m.instance, m.user, m.enrolment, m.activation, m.access, m.store, m.mailed_link, m.outbox)
"""What no refused request changes; sessions, counters and the trail may."""
OURS = re.compile(r"ccm_(session|login|visit)=([A-Za-z0-9_-]{43})?; ")
WHO = ("nobody", "pending", "locked", "user", "admin")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Sent:
    """A request as a server hands it on, bytes as characters of Latin-1; ``<…>`` is what the caller knows."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    kind: str = FORM
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """Somebody at an instance of his own."""

    tenant: Tenant
    cookies: dict[str, str]
    known: dict[str, str]
    """What stands in his requests for ``<…>``: page token, links, ids."""

    def fill(self, text: str) -> str:
        """Put in what the caller knows."""
        for place, value in self.known.items():
            text = text.replace(f"<{place}>", value)
        return text


@dataclass
class Stage:
    """One application, and fresh instances for it."""

    deployed: Deployment
    app: Flask

    @property
    def parts(self) -> Parts:
        return self.deployed.console

    def routes(self) -> list[tuple[str, str]]:
        """Return method and path of every route."""
        rules = self.app.url_map.iter_rules()
        return sorted((method, rule.rule) for rule in rules for method in rule.methods or () if method != "HEAD")

    def caller(self, who: str) -> Caller:
        """Return a caller at an instance of his own; ``user`` and ``pending`` have a second factor."""
        tenant = self.deployed.tenant(("erika", "admin"), active=True)
        erika, admin = tenant.users["erika"], tenant.users["admin"]
        enrolment, now = self.deployed.enrol(tenant, "erika", SECRET), self.deployed.clock()
        instance, vault = tenant.instance.id, self.parts.vault
        with self.parts.database.write() as connection:
            connection.execute(update(m.user).where(m.user.c.id == admin.id).values(role=ADMINISTRATOR))
            links = {
                kind: mailed_links.create(connection, kind, instance, user.id, now, 3600, email)
                for kind, user, email in (
                    ("reset", erika, None),
                    ("activation", admin, None),
                    ("email", erika, "n@x.example"),
                )
            }
        visit = new_token()
        cookies, token = {"ccm_visit": visit}, page_tokens.make(vault, "visit", visit.encode())
        if who == "pending":
            cookies["ccm_login"] = new_token()
            row = {"token_hash": token_hash(cookies["ccm_login"]), "instance_id": instance, "user_id": erika.id}
            with self.parts.database.write() as connection:
                connection.execute(
                    insert(m.pending_login).values(row | {"stamp": erika.stamp, "expires_at": now + 300})
                )
        elif who != "nobody":
            name, passed = ("admin", None) if who == "admin" else ("erika", enrolment)
            cookies = {"ccm_session": self.deployed.signed_in(tenant, name, passed)}
            mine = m.session.c.token_hash == token_hash(cookies["ccm_session"])
            with self.parts.database.write() as connection:
                family = connection.execute(select(m.session.c.family).where(mine)).scalar_one()
                if who == "locked":
                    connection.execute(update(m.session).where(mine).values(seen_at=now - 1801))
            token = page_tokens.make(vault, "session", family)
        ids = {"erika": str(erika.id), "admin": str(admin.id)}
        return Caller(tenant, cookies, {**links, **ids, "page_token": token})

    def state(self, tenant: Tenant) -> list[str]:
        """Return everything that the instance keeps, and how many sessions there are."""
        found, instance = [], tenant.instance.id
        with self.parts.database.read() as connection:
            for table in KEPT:
                found += sorted(str(row) for row in connection.execute(select(table).where(owner(table) == instance)))
            count = select(func.count()).where(m.session.c.instance_id == instance)
            return [*found, f"{connection.execute(count).scalar_one()} sessions"]

    def ask(self, caller: Caller, sent: Sent) -> int:
        """Send a request, check the answer and what it changed, and return the status."""
        before, began = self.state(caller.tenant), time.thread_time()
        parts, status, answered = run_wsgi_app(self.app, environ(caller, sent), buffered=True)
        spent, content = time.thread_time() - began, b"".join(parts)
        assert_sound(int(status[:3]), list(answered), content, sent)
        assert spent < MOST_SECONDS
        after = self.state(caller.tenant)
        if int(status[:3]) >= 400 or sent.method != "POST":
            assert [row for row in after if "sessions" not in row] == [row for row in before if "sessions" not in row]
            assert int(after[-1].split()[0]) <= int(before[-1].split()[0])
        return int(status[:3])


def owner(table: Table) -> object:
    """Return the column that says whose a row is."""
    return table.c.id if table is m.instance else table.c.instance_id


def environ(caller: Caller, sent: Sent) -> dict[str, object]:
    """Return the request as the application gets it."""
    body = caller.fill(sent.body).encode("latin-1")
    cookies = "; ".join(f"{name}={value}" for name, value in caller.cookies.items())
    given = {"Host": caller.tenant.instance.host, "Origin": caller.tenant.instance.origin, "Cookie": cookies}
    given |= sent.headers
    found: dict[str, object] = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.items()}
    found |= {"REQUEST_METHOD": sent.method, "PATH_INFO": caller.fill(sent.path), "QUERY_STRING": sent.query}
    found |= {"REMOTE_ADDR": ADDRESS, "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1"}
    found |= {
        "SCRIPT_NAME": "",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }
    if sent.method == "POST" or body:
        found |= {"CONTENT_TYPE": sent.kind, "CONTENT_LENGTH": str(len(body))}
    return found


def assert_sound(status: int, answered: Iterable[tuple[str, str]], content: bytes, sent: Sent) -> None:
    """Require an answer that is no failure, tells no trace, is complete and not too large."""
    given = [(name.lower(), value) for name, value in answered]
    assert 200 <= status < 500, (status, sent)
    for name, value in (*headers.ALWAYS.items(), ("Cache-Control", None)):
        found = [one for key, one in given if key == name.lower()]
        assert len(found) == 1, (name, found, sent)
        assert value in {None, found[0]}
    assert len(content) < MOST_ANSWER
    for told in (b"Traceback", b"site-packages", b"$argon2", b"sqlalchemy", SECRET.encode()):
        assert told not in content, (told, sent)
    for line in (value for name, value in given if name == "set-cookie"):
        assert OURS.match(line) and len(SimpleCookie(line)) == 1, line  # noqa: PT018 - one line, one cookie
    for place in (value for name, value in given if name == "location"):
        assert place.startswith("/") and not place.startswith("//"), place  # noqa: PT018 - a path of our own
