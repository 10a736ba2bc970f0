# SPDX-License-Identifier: MIT
"""Key rotation in three steps, so that any number of processes can go on meanwhile: add, promote, drop.

``rotate`` adds a key that every process can already open with; ``promote`` makes it the one that seals and seals
everything anew by compare-and-set; ``drop`` removes the old ones once nothing is sealed with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Select, select, update

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.errors import ConfigError, Conflict, SealError
from ccm_core.services.enrolments import place
from ccm_core.services.vault import Ring, Vault, new_key, read_ring, write_ring

BATCH = 500


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One key of the file. ``sealed`` counts what is sealed with it."""

    id: str
    primary: bool
    sealed: int


class Keys:
    """Manages the key file together with what is sealed."""

    def __init__(self, database: Database, path: Path, vault: Vault) -> None:
        self._database = database
        self._path = path
        self._vault = vault

    def listed(self) -> tuple[KeyUse, ...]:
        """Return the keys in the order of the file."""
        ring, used = read_ring(self._path), self._used()
        return tuple(KeyUse(key_id, key_id == ring.primary, used.get(key_id, 0)) for key_id in ring.keys)

    def check(self) -> None:
        """Raise ConfigError when the key file does not belong to this database: what is sealed does not open."""
        e, o = m.enrolment.c, m.outbox.c
        factor = select(e.instance_id, e.user_id, e.plugin, e.data)
        with self._database.read() as connection:
            ends = (factor.order_by(e.id).limit(1), factor.order_by(e.id.desc()).limit(1))
            factors = [row for query in ends for row in connection.execute(query)]
            mails = connection.execute(select(o.instance_id, o.body).where(o.body.is_not(None)).limit(1)).all()
        sealed = [(place(row[0], row[1], row[2]), row[3]) for row in factors]
        sealed += [(f"instance/{row[0]}/outbox", row[1] or b"") for row in mails]
        for spot, data in sealed:
            try:
                self._vault.unseal(data, place=spot)
            except SealError as error:
                raise ConfigError(
                    "The key file %(path)s does not fit the database: %(reason)s Restore both from one backup.",
                    path=self._path,
                    reason=error,
                ) from error

    def rotate(self) -> str:
        """Add a key and return its id; it opens at once and seals after ``promote``."""
        ring = read_ring(self._path)
        key_id, key = new_key(ring)
        write_ring(self._path, Ring({**ring.keys, key_id: key}))
        return key_id

    def promote(self) -> int:
        """Let the newest key seal, and seal everything anew; returns how many rows. May be run again after a stop."""
        ring = read_ring(self._path)
        newest = max(ring.keys)
        if newest != ring.primary:
            ordered = {newest: ring.keys[newest]} | {k: v for k, v in ring.keys.items() if k != newest}
            write_ring(self._path, Ring(ordered))
        vault = Vault(self._path)
        return self._reseal_enrolments(vault) + self._reseal_outbox(vault)

    def drop(self) -> tuple[str, ...]:
        """Remove all keys but the one that seals; raises Conflict while anything is sealed with them."""
        ring, used = read_ring(self._path), self._used()
        for key_id in ring.keys:
            if key_id != ring.primary and used.get(key_id):
                raise Conflict(
                    "%(count)d values are still sealed with the key %(key)s. Run «ccm keys promote» first.",
                    count=used[key_id],
                    key=key_id,
                )
        write_ring(self._path, Ring({ring.primary: ring.keys[ring.primary]}))
        return tuple(key_id for key_id in ring.keys if key_id != ring.primary)

    def _used(self) -> Mapping[str, int]:
        used: Counter[str] = Counter()
        for table, column in ((m.enrolment, "data"), (m.outbox, "body"), (m.pending_login, "state")):
            sealed = table.c[column]
            used.update(self._vault.key_of(row[1]) for row in self._read(select(table.c.id, sealed), sealed))
        return used

    def _read(self, query: Select[*tuple[Any, ...]], sealed: Column[Any]) -> Iterator[Any]:
        """Yield the rows of a query that begins with the id and have something sealed, read a batch at a time."""
        key, last = query.selected_columns[0], 0
        query = query.where(sealed.is_not(None)).order_by(key).limit(BATCH)
        while True:
            with self._database.read() as connection:
                rows: Sequence[Any] = connection.execute(query.where(key > last)).all()
            if not rows:
                return
            yield from rows
            last = rows[-1][0]

    def _reseal_enrolments(self, vault: Vault) -> int:
        e = m.enrolment.c
        rows = self._read(select(e.id, e.instance_id, e.user_id, e.plugin, e.data), e.data)
        count = 0
        for row_id, instance_id, user_id, plugin, data in rows:
            count += self._reseal(vault, e.data, row_id, data, place(instance_id, user_id, plugin))
        return count

    def _reseal_outbox(self, vault: Vault) -> int:
        o = m.outbox.c
        count = 0
        for row_id, instance_id, body in self._read(select(o.id, o.instance_id, o.body), o.body):
            count += self._reseal(vault, o.body, row_id, body, f"instance/{instance_id}/outbox")
        return count

    def _reseal(self, vault: Vault, column: Column[Any], row_id: int, sealed: bytes, spot: str) -> int:
        if vault.key_of(sealed) == vault.ring.primary:
            return 0
        anew = vault.seal(vault.unseal(sealed, place=spot), place=spot)
        same = update(column.table).where(column.table.c.id == row_id, column == sealed)
        with self._database.write() as connection:
            return connection.execute(same.values({column: anew})).rowcount
