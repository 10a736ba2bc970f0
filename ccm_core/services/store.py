# SPDX-License-Identifier: MIT
"""Small documents that plugins keep: per instance, plugin, user and key. The host owns and deletes them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.db.functions import insert

KEY_LENGTH = 128
VALUE_BYTES = 16384


@dataclass(frozen=True, slots=True)
class UserStore:
    """One plugin's documents of one user."""

    database: Database
    instance_id: int
    plugin: str
    user_id: int

    def get(self, key: str) -> object | None:
        """Return the document, or None."""
        with self.database.read() as connection:
            return connection.execute(select(m.store.c.value).where(*self._at(key))).scalar()

    def put(self, key: str, value: object) -> None:
        """Keep a document; raises ValueError when key or value is too long, or the value is no JSON."""
        try:
            size = len(json.dumps(value, allow_nan=False).encode())
        except TypeError as error:
            raise ValueError(str(error)) from error
        if not 0 < len(key) <= KEY_LENGTH or size > VALUE_BYTES:
            raise ValueError(f"A key has 1 to {KEY_LENGTH} characters and a value at most {VALUE_BYTES} bytes.")
        names = ("instance_id", "plugin", "user_id", "key")
        at = dict(zip(names, (self.instance_id, self.plugin, self.user_id, key), strict=True))
        statement = insert(m.store).values(at | {"value": value})
        with self.database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=names, set_={"value": value}))

    def delete(self, key: str) -> None:
        """Remove the document if there is one."""
        with self.database.write() as connection:
            connection.execute(delete(m.store).where(*self._at(key)))

    def _at(self, key: str) -> tuple[ColumnElement[bool], ...]:
        c = m.store.c
        mine = (c.instance_id == self.instance_id, c.plugin == self.plugin)
        return (*mine, c.user_id == self.user_id, c.key == key)
