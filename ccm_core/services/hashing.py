# SPDX-License-Identifier: MIT
"""What hashes passwords: Argon2id with m=19456 KiB, t=2, p=1 (OWASP; ASVS 11.4.2), by one of two libraries.

Both make and understand the same hashes. libsodium's code fits the processor at hand, which halves the time of a hash
(``bench/argon.py``), but is one more package.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from ccm_core.errors import ConfigError
from ccm_core.services.huge_pages import ask_for_block

MEMORY_KIB = 19456
PASSES = 2
LANES = 1
NICENESS = 10
"""Of the threads that hash, as ``nice`` counts it: they give way to threads that answer, and to the database."""


def argon2id() -> PasswordHasher:
    """Return argon2-cffi's hasher with the parameters above."""
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


class Hasher(Protocol):
    """Makes and verifies hashes; safe for threads."""

    def begin_thread(self) -> None:
        """Prepare a thread that only hashes."""

    def hash(self, password: bytes) -> str:
        """Return a new hash."""

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether a password fits; a hash that nobody understands fits none."""

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other settings than today's."""


class Argon2Cffi:
    """argon2-cffi, the default. Its wheel is built for the oldest processors."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2id()

    def begin_thread(self) -> None:
        """Give way to other threads, and let the thread's memory lie in huge pages."""
        step_back()
        ask_for_block(MEMORY_KIB * 1024)

    def hash(self, password: bytes) -> str:
        """Return a new hash."""
        return self._hasher.hash(password)

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether a password fits; a hash that nobody understands fits none."""
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, ValueError):
            return False

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other settings than today's."""
        return self._hasher.check_needs_rehash(stored)


class Libsodium:
    """libsodium, by PyNaCl. It maps the memory of each hash anew and keeps none of it."""

    def __init__(self) -> None:
        try:
            from nacl import exceptions, pwhash  # noqa: PLC0415 - an extra that few install
        except ImportError as error:
            raise ConfigError(
                "CCM_HASH_LIBRARY is libsodium, but PyNaCl is not installed. Run «pip install 'ccm-core[libsodium]'»."
            ) from error
        self._argon2id: Any = pwhash.argon2id
        self._refusals = (exceptions.CryptoError, ValueError)
        self._todays = argon2id()

    def begin_thread(self) -> None:
        """Give way to other threads."""
        step_back()

    def hash(self, password: bytes) -> str:
        """Return a new hash."""
        made: bytes = self._argon2id.str(password, opslimit=PASSES, memlimit=MEMORY_KIB * 1024)
        return made.decode("ascii")

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether a password fits; a hash that nobody understands fits none."""
        try:
            return bool(self._argon2id.verify(stored.encode("ascii", "replace"), password))
        except self._refusals:
            return False

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other settings than today's."""
        return self._todays.check_needs_rehash(stored)


LIBRARIES: dict[str, Callable[[], Hasher]] = {"argon2-cffi": Argon2Cffi, "libsodium": Libsodium}
"""By the values of ``CCM_HASH_LIBRARY``. Making one raises ConfigError when its package is missing."""


def step_back() -> None:
    """Let this thread go on only where nobody else wants the processor: a page takes a twentieth of a hash."""
    if sys.platform == "linux":  # elsewhere threads have no niceness of their own
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, max(NICENESS, os.getpriority(os.PRIO_PROCESS, me)))
