# SPDX-License-Identifier: MIT
"""Password hashes for hosts under test, where nothing is about their salt or their cost."""

from __future__ import annotations

from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from ccm_core.services.passwords import argon2id

QUICK = "TEST_QUICK_HASHES"
"""The environment variable that lets the servers of hosts under test remember what they have verified."""
WORK_OF_EVERY_HASH = {QUICK: ""}
"""The environment of a host under test whose servers remember nothing, for tests of what a hash costs."""


class RememberedHashes(PasswordHasher):
    """Argon2id as in production, which does each piece of work once: users under test have the same password."""

    def __init__(self) -> None:
        usual = argon2id()
        super().__init__(usual.time_cost, usual.memory_cost, usual.parallelism)
        self._hashes: dict[str | bytes, str] = {}
        self._verdicts: dict[tuple[str | bytes, str | bytes], bool] = {}

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Return the hash of a new password, or that of an earlier user."""
        if password not in self._hashes:
            self._hashes[password] = super().hash(password, salt=salt)
        return self._hashes[password]

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2-cffi calls it so
        """Return True or raise VerifyMismatchError, as it did the first time."""
        if (hash, password) not in self._verdicts:
            try:
                self._verdicts[hash, password] = super().verify(hash, password)
            except VerifyMismatchError:
                self._verdicts[hash, password] = False
        if not self._verdicts[hash, password]:
            raise VerifyMismatchError
        return True
