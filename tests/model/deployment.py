# SPDX-License-Identifier: MIT
"""Two workers and a console on one database, without processes and sockets, so that thousands of stories can be told.

Each worker is a whole application with its own registry and caches. Nothing in it is replaced but the way to it, and
what a password hash costs: the rules are the same when it costs nothing, and stories need a dozen hashes each.
"""

from __future__ import annotations

import base64
import email
import email.policy
import functools
import itertools
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import httpx
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import delete, insert, select
from werkzeug.test import create_environ, run_wsgi_app

from ccm_core.app import create_app
from ccm_core.config import Settings, load
from ccm_core.db import models as m
from ccm_core.db.engine import open_database
from ccm_core.services import mailed_links
from ccm_core.services.accounts import USER, Account
from ccm_core.services.clients import Client, network_of
from ccm_core.services.enrolments import place
from ccm_core.services.hashing import Argon2Cffi
from ccm_core.services.instances import ACTIVE, CLOUD, INACTIVE, Instance
from ccm_core.services.parts import Parts, assemble
from ccm_core.services.tokens import new_token, token_hash
from ccm_core.services.vault import Ring, new_key, write_ring
from ccm_core.testing.browser import CHROME, Browser
from ccm_core.testing.clock import START
from ccm_core.testing.databases import create_tables, database_url

PLUGIN = "twofactor"
PASSWORDS = ("correct horse battery staple", "staple battery horse correct")
ADDRESS = "127.0.0.1"
STEPS_A_DAY = 2880


@dataclass
class Clock:
    """Stands still until a story moves it."""

    now: float = START

    def __call__(self) -> float:
        return self.now


CHEAP = Argon2Cffi(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""The same in all but what a hash costs."""


class Worker:
    """The way to one application: what a browser's client is asked for, answered in this very thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str], data: Mapping[str, str] | None = None
    ) -> httpx.Response:
        environ = create_environ(path, method=method, environ_base={"REMOTE_ADDR": ADDRESS})
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        if data is not None:
            body = urlencode(data).encode()
            environ |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body))}
            environ["wsgi.input"].write(body)
            environ["wsgi.input"].seek(0)
        parts, status, answered = run_wsgi_app(self._app, environ, buffered=True)
        return httpx.Response(HTTPStatus(int(status[:3])), headers=list(answered), content=b"".join(parts))


@functools.lru_cache(maxsize=64)
def _day(secret: str, day: int) -> list[str]:
    """A day's codes from a program that knows nothing of ours."""
    at = f"@{day * STEPS_A_DAY * 30}"
    command = ["oathtool", "--totp", "--base32", f"--window={STEPS_A_DAY - 1}", f"--now={at}", secret]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def code(secret: str, step: int) -> str:
    """Return what a phone with a secret shows in a time step."""
    return _day(secret, step // STEPS_A_DAY)[step % STEPS_A_DAY]


@dataclass(frozen=True)
class Tenant:
    """A fresh instance with its users."""

    instance: Instance
    users: dict[str, Account]


@dataclass
class Deployment:
    """The workers, and a console, which is a third process's set of services."""

    settings: Settings
    clock: Clock
    console: Parts
    workers: list[Worker]
    password_hash: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def tenant(self, names: Iterable[str], *, active: bool) -> Tenant:
        """Create an instance as if it had been used for a while; its users may use the plugin and have a password."""
        host, now = f"t{next(self._numbers)}.localhost", self.clock()
        with self.console.database.write() as connection:
            row: dict[str, object] = {"host": host, "edition": CLOUD, "created_at": now}
            instance = connection.execute(insert(m.instance).values(row).returning(m.instance.c.id)).scalar_one()
            own: dict[str, object] = {"instance_id": instance}
            plugin = own | {"plugin": PLUGIN, "state": ACTIVE if active else INACTIVE, "everyone": False}
            connection.execute(insert(m.activation).values(plugin | {"settings": {}, "changed_at": now}))
            for name in names:
                user = own | {"name": name, "name_key": name, "role": USER, "password_hash": self.password_hash}
                user |= {"email": f"{name}@example.org", "email_key": f"{name}@example.org", "created_at": now}
                user_id = connection.execute(insert(m.user).values(user).returning(m.user.c.id)).scalar_one()
                connection.execute(insert(m.access).values(own | {"plugin": PLUGIN, "user_id": user_id}))
        found = self.console.instances.get(host, now)
        users = {name: self.console.users.find(found, name) for name in names}
        return Tenant(found, {name: user for name, user in users.items() if user is not None})

    def enrol(self, tenant: Tenant, name: str, secret: str) -> int:
        """Bind a phone as if the user had set it up before; returns the enrolment's id."""
        user = tenant.users[name]
        data = self.console.vault.seal(base64.b32decode(secret), place=place(tenant.instance.id, user.id, PLUGIN))
        values = {"instance_id": tenant.instance.id, "user_id": user.id, "plugin": PLUGIN, "label": "Smartphone app"}
        values |= {"confirmed": True, "counter": -1, "created_at": self.clock(), "data": data}
        with self.console.database.write() as connection:
            added = insert(m.enrolment).values(values).returning(m.enrolment.c.id)
            return connection.execute(added).scalar_one()

    def signed_in(self, tenant: Tenant, name: str, passed: int | None) -> str:
        """Open a session as if the user had just logged in, and return its token: stories need not begin with that."""
        client, user = Client(network_of(ADDRESS), CHROME), tenant.users[name]
        with self.console.database.write() as connection:
            return self.console.sessions.create(connection, tenant.instance, user, passed, client, self.clock())

    def at_code(self, tenant: Tenant, name: str) -> str:
        """Begin a pending login as if the user had just given the password, and return its token."""
        token, user = new_token(), tenant.users[name]
        values = {"token_hash": token_hash(token), "instance_id": tenant.instance.id, "user_id": user.id}
        values |= {"stamp": user.stamp, "expires_at": self.clock() + self.settings.login_seconds}
        with self.console.database.write() as connection:
            connection.execute(insert(m.pending_login).values(values))
        return token

    def link(self, tenant: Tenant, name: str) -> str:
        """Make a link to a new password as if it had just been mailed, and return its path."""
        now, seconds = self.clock(), self.settings.reset_seconds
        with self.console.database.write() as connection:
            user = tenant.users[name].id
            token = mailed_links.create(connection, "reset", tenant.instance.id, user, now, seconds)
        return f"/password/reset/{token}"

    def browser(self, tenant: Tenant) -> Browser:
        """Return a browser that has not been anywhere."""
        return Browser(tenant.instance.origin, self.workers[0])  # type: ignore[arg-type]  # asks for nothing else

    def mailed_path(self, tenant: Tenant) -> str:
        """Do the requests for links that wait, and return the path of the link in the latest mail."""
        self.console.outbox.deliver()
        mails = sorted(self.settings.mail_dir.glob("[0-9]*.eml"))
        words = email.message_from_bytes(mails[-1].read_bytes(), policy=email.policy.default).get_content().split()
        for mail in mails:
            mail.unlink()
        link: str = next(word for word in words if "/password/reset/" in word)
        return link.removeprefix(tenant.instance.origin)

    def forget_mails(self, tenant: Tenant) -> None:
        """Delete what waits to be sent, so that no later story has to send it."""
        with self.console.database.write() as connection:
            connection.execute(delete(m.outbox).where(m.outbox.c.instance_id == tenant.instance.id))

    def sessions_of(self, user: Account) -> int:
        """Return how many sessions of a user are kept that are not too old."""
        since = self.clock() - self.settings.session_max_seconds
        query = select(m.session.c.id).where(m.session.c.user_id == user.id)
        with self.console.database.read() as connection:
            return len(connection.execute(query.where(m.session.c.full_login_at > since)).all())


@contextmanager
def deployment(folder: Path) -> Iterator[Deployment]:
    """Put a deployment together in an empty folder."""
    settings = load(
        {"CCM_DATA_DIR": str(folder), "CCM_DATABASE_URL": database_url(folder), "CCM_HASH_CONCURRENCY": "1"}
    )
    key_id, key = new_key()
    write_ring(settings.key_file, Ring({key_id: key}))
    open_database(settings.database_url).prepare()
    clock = Clock()
    console, *workers = (assemble(settings, clock, hasher=CHEAP) for _ in range(3))
    create_tables(console.database)
    apps = [Worker(create_app(settings, clock, parts)) for parts in workers]
    yield Deployment(settings, clock, console, apps, CHEAP.hash(PASSWORDS[0].encode()))
    for parts in (console, *workers):
        parts.database.dispose()
