# SPDX-License-Identifier: MIT
"""Password hashes for hosts under test, where nothing is about their salt or their cost."""

from __future__ import annotations

from ccm_core.services.hashing import Argon2Cffi

QUICK = "TEST_QUICK_HASHES"
"""The environment variable that lets the servers of hosts under test remember what they have verified."""
WORK_OF_EVERY_HASH = {QUICK: ""}
"""The environment of a host under test whose servers remember nothing, for tests of what a hash costs."""


class RememberedHashes(Argon2Cffi):
    """Argon2id as in production, which does each piece of work once: users under test have the same password."""

    def __init__(self) -> None:
        super().__init__()
        self._hashes: dict[bytes, str] = {}
        self._verdicts: dict[tuple[str, bytes], bool] = {}

    def hash(self, password: bytes) -> str:
        """Return the hash of a new password, or that of an earlier user."""
        if password not in self._hashes:
            self._hashes[password] = super().hash(password)
        return self._hashes[password]

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether a password fits, as it did the first time."""
        if (stored, password) not in self._verdicts:
            self._verdicts[stored, password] = super().verify(stored, password)
        return self._verdicts[stored, password]
