# SPDX-License-Identifier: MIT
"""This project beside the peers: an installation with the same users, and the command that serves it."""

from __future__ import annotations

import base64
import time
from pathlib import Path

from sqlalchemy import insert, select

from ccm_core.config import load
from ccm_core.db import models as m
from ccm_core.services.accounts import USER
from ccm_core.services.enrolments import NO_COUNTER, place
from ccm_core.services.hashing import argon2id
from ccm_core.services.installation import NewAccount, install
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts, assemble
from ccm_core.services.user_admin import Actor

WORKERS = 2
PASSWORD = "correct horse battery 9"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ENROLLED, PLAIN = 4000, 300
"""As in ``apps/common.py`` of the peers: so many users with a second factor, named u0, u1 …, and without, n0, n1 …"""


def prepare(folder: Path, database_url: str) -> dict[str, str]:
    """Install into a new folder; returns the environment of its servers.

    The sign-ins come through a proxy, as everybody's do: our limits per network cannot be switched off.
    """
    environment = {"CCM_DATA_DIR": str(folder), "CCM_TRUSTED_PROXIES": "127.0.0.1"}
    if database_url:
        environment["CCM_DATABASE_URL"] = database_url
    settings = load(environment)
    install(settings, time.time, [NewAccount("admin", "admin@example.org", "an administrator's long words", True)])
    parts, now = assemble(settings, time.time), time.time()
    instance = parts.instances.get(None, now)
    parts.plugins.activate(instance, "twofactor", now, Actor())
    parts.access.allow(instance, "twofactor", now, Actor())
    _add_users(parts, instance, now)
    parts.database.dispose()
    return environment


def serve_command(python: Path, port: str) -> list[str]:
    """Return the command of an environment that serves it on a port."""
    return [str(python.with_name("ccm")), "serve", "--port", port, "--workers", str(WORKERS)]


def _add_users(parts: Parts, instance: Instance, now: float) -> None:
    """Add all users with one hash and one secret, as the peers do."""
    hasher = argon2id()
    common = {"instance_id": instance.id, "role": USER, "created_at": now, "password_hash": hasher.hash(PASSWORD)}
    names = [f"u{number}" for number in range(ENROLLED)] + [f"n{number}" for number in range(PLAIN)]
    secret = base64.b32decode(SECRET)
    with parts.database.write() as connection:
        connection.execute(insert(m.user), [common | _named(name) for name in names])
        users = connection.execute(select(m.user.c.id).where(m.user.c.name.like("u%"))).scalars().all()
        row = {"instance_id": instance.id, "plugin": "twofactor", "label": "app", "confirmed": True}
        row |= {"counter": NO_COUNTER, "created_at": now}
        sealed = [parts.vault.seal(secret, place=place(instance.id, user, "twofactor")) for user in users]
        rows = [row | {"user_id": user, "data": data} for user, data in zip(users, sealed, strict=True)]
        connection.execute(insert(m.enrolment), rows)


def _named(name: str) -> dict[str, str]:
    email = f"{name}@example.com"
    return {"name": name, "name_key": name, "email": email, "email_key": email}
