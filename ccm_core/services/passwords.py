# SPDX-License-Identifier: MIT
"""The policy for new passwords, and hashing on a fixed number of threads: each hash takes 19 MiB (``hashing.py``)."""

from __future__ import annotations

import base64
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from ccm_core.errors import Busy, InputError
from ccm_core.services.common_passwords import is_about, is_common
from ccm_core.services.hashing import CROWDED, LANES, MEMORY_KIB, PASSES, Hasher
from ccm_core.services.metrics import NO_METRICS, Metrics

LONGEST = 256
LONGEST_BYTES = 1024
PLACES = 30
"""Hashes that may run or wait in a worker: fewer than it has threads for requests, so that pages go on; with one
hashing thread the last waits for half a second. What comes then is told to try again."""

_T = TypeVar("_T")


class Passwords:
    """Hashes and verifies; safe for threads. Its threads start with the first hash of the process."""

    def __init__(self, threads: int, min_length: int, hasher: Hasher, metrics: Metrics = NO_METRICS) -> None:
        self._hasher = hasher
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hash", initializer=_begin, initargs=(hasher,))
        self._places = threading.BoundedSemaphore(PLACES)
        self._min_length = min_length
        self._metrics = metrics
        self._nobody = _unmatched_hash()

    def verify(self, stored: str | None, typed: str) -> bool:
        """Whether a password fits. No stored hash costs the same time and never fits. Raises Busy."""
        if len(typed) > LONGEST:
            typed = ""  # an over-long password never fits and must not cost more
        right = self._run(lambda: self._hasher.verify(stored or self._nobody, _bytes(typed)))
        return right and stored is not None

    def hash(self, password: str) -> str:
        """Hash a new password. Raises Busy."""
        return self._run(lambda: self._hasher.hash(_bytes(password)))

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with lower settings than today's."""
        return self._hasher.outdated(stored)

    def check_new(self, password: str, repeated: str | None, context: frozenset[str]) -> None:
        """Raise InputError, with the reason, when a new password is not acceptable (NIST 800-63B 3.1.1.2).

        ``context`` are lower-case words that alone make no password: names, host, product. Lengths are in
        code points; no character is required, none is refused.
        """
        if len(password) < self._min_length:
            raise InputError(
                "new_password", "The password needs at least %(count)d characters.", count=self._min_length
            )
        if len(password) > LONGEST or len(_bytes(password)) > LONGEST_BYTES:
            raise InputError("new_password", "The password may have at most %(count)d characters.", count=LONGEST)
        if is_common(password):
            raise InputError(
                "new_password",
                "This password is on the list of passwords that attackers try first. Choose another one.",
            )
        if is_about(password, context):
            raise InputError(
                "new_password", "This password consists of a name or address that others know. Choose another one."
            )
        if repeated is not None and repeated != password:
            raise InputError("repeat_password", "The two passwords are not the same.")

    def _run(self, work: Callable[[], _T]) -> _T:
        if not self._places.acquire(blocking=False):
            self._metrics.hash_refused()
            raise Busy(
                CROWDED,
                retry_after=1,  # the queue is done in half of that
                status=429,
            )
        self._metrics.hash_waits(1)
        try:
            return self._pool.submit(self._counted, work).result()
        finally:
            self._places.release()

    def _counted(self, work: Callable[[], _T]) -> _T:
        """Do some work in one of the threads."""
        self._metrics.hash_waits(-1)
        self._metrics.hash_runs(1)
        try:
            return work()
        finally:
            self._metrics.hash_runs(-1)


def _begin(hasher: Hasher) -> None:
    """Prepare a thread; one that cannot be prepared hashes all the same, only slower or less politely.

    No method of what has the pool: its threads would keep it, and it them, for ever.
    """
    with suppress(Exception):
        hasher.begin_thread()


def _bytes(password: str) -> bytes:
    """NFC and UTF-8, nothing else (NIST 800-63B 3.1.1.2; decision D7 of the standards)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _unmatched_hash() -> str:
    """Return a hash that no password has, made without hashing, for names that do not exist (ASVS 6.3.8)."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"
