# SPDX-License-Identifier: MIT
"""What hashes passwords: Argon2id with m=19456 KiB, t=2, p=1 (OWASP; ASVS 11.4.2), by one of two libraries.

Both make and understand the same hashes. libsodium's code fits the processor at hand, which halves the time of a hash
(``bench/argon.py``), but is one more package.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, HashingError
from argon2.low_level import error_to_str

from ccm_core.errors import Busy, ConfigError
from ccm_core.services.huge_pages import ask_for_block
from ccm_core.texts import marked as _

MEMORY_KIB = 19456
PASSES = 2
LANES = 1
NICENESS = 10
"""Of the threads that hash, as ``nice`` counts it: they give way to threads that answer, and to the database."""

CROWDED = _("Many people are signing in at the moment. Please try again in a few seconds.")
_ARGON2_SAYS_NO_MEMORY = error_to_str(-22)  # ARGON2_MEMORY_ALLOCATION_ERROR


def argon2id() -> PasswordHasher:
    """Return argon2-cffi's hasher with the parameters above."""
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


class Hasher(Protocol):
    """Makes and verifies hashes; safe for threads."""

    def begin_thread(self) -> None:
        """Prepare a thread that only hashes. What cannot be done may be raised: none of it is needed."""

    def hash(self, password: bytes) -> str:
        """Return a new hash. Raises Busy when there is no memory for it."""

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether a password fits; a hash that nobody understands fits none. Raises Busy as ``hash``."""

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
        """Return a new hash. Raises Busy when there is no memory for it."""
        try:
            return self._hasher.hash(password)
        except HashingError as error:
            raise Busy(CROWDED) from error

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether a password fits; a hash that nobody understands fits none. Raises Busy as ``hash``."""
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, ValueError) as error:
            if str(error) == _ARGON2_SAYS_NO_MEMORY:
                raise Busy(CROWDED) from error
            return False

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other settings than today's."""
        return self._hasher.check_needs_rehash(stored)


class Libsodium:
    """libsodium, by PyNaCl. It maps the memory of each hash anew and keeps none of it."""

    def __init__(self) -> None:
        try:
            from nacl import exceptions, pwhash  # noqa: PLC0415 - an extra that few install
            from nacl._sodium import ffi  # type: ignore[import-not-found]  # noqa: PLC0415 - tells refusals apart
        except ImportError as error:
            raise ConfigError(
                "CCM_HASH_LIBRARY is libsodium, but PyNaCl is not installed. Run «pip install 'ccm-core[libsodium]'»."
            ) from error
        self._argon2id: Any = pwhash.argon2id
        self._refusals = (exceptions.CryptoError, ValueError)
        self._ffi: Any = ffi
        self._todays = argon2id()

    def begin_thread(self) -> None:
        """Give way to other threads."""
        step_back()

    def hash(self, password: bytes) -> str:
        """Return a new hash. Raises Busy when there is no memory for it."""
        try:
            made: bytes = self._argon2id.str(password, opslimit=PASSES, memlimit=MEMORY_KIB * 1024)
        except self._refusals as error:
            raise Busy(CROWDED) from error
        return made.decode("ascii")

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether a password fits; a hash that nobody understands fits none. Raises Busy as ``hash``."""
        self._ffi.errno = 0
        try:
            return bool(self._argon2id.verify(stored.encode("ascii", "replace"), password))
        except self._refusals as error:
            if self._ffi.errno == errno.ENOMEM:
                raise Busy(CROWDED) from error
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
