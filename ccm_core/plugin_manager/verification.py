# SPDX-License-Identifier: MIT
"""Runs the ``verify`` functions of one plugin with a limit in time and number."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from weakref import WeakMethod

from ccm_core.plugin_manager.faults import CallError, describe_call

Verify = Callable[[str, float], object]
"""``Challenge.verify`` as the host sees it: whatever it returns is judged afterwards."""


@dataclass(frozen=True, slots=True)
class _Job:
    verify: Verify
    answer: str
    now: float
    result: SimpleQueue[tuple[object, CallError | None]]
    context: Context


class VerificationPool:
    """At most ``threads`` verifications at once, each with ``limit`` seconds.

    Whoever finds all of them busy waits ``patience`` seconds for one: long enough for a crowd whose answers are
    judged in a millisecond each, too short for a plugin that hangs to hold up the threads that serve everybody.
    Threads start when they are needed, are daemons, sleep when idle, and are started anew in a forked process. One
    whose function hangs is lost until that function returns; its late result is dropped.
    """

    def __init__(self, threads: int = 4, limit: float = 5.0, patience: float = 0.5) -> None:
        self._threads = threads
        self._limit = limit
        self._patience = patience
        self._begin()
        begin = WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (again := begin()) and again())

    def run(self, verify: Verify, answer: str, now: float) -> object:
        """Return what ``verify(answer, now)`` returns, unjudged.

        Raises CallError when it raises anything, when the limit has passed, or when every thread stays busy.
        """
        job = _Job(verify, answer, now, SimpleQueue(), copy_context())
        self._free_thread().put(job)
        try:
            result, error = job.result.get(timeout=self._limit)
        except Empty:
            raise CallError(f"it took more than {self._limit:g} s") from None
        if error is not None:
            raise error
        return result

    def _begin(self) -> None:
        """Start with no thread: in a new pool, and in a forked process, where the parent's threads do not exist."""
        self._freed = Condition()
        self._idle: list[SimpleQueue[_Job]] = []
        self._started = 0

    def _free_thread(self) -> SimpleQueue[_Job]:
        """Return the mailbox of a thread that is nobody else's until it has answered."""
        with self._freed:
            if self._started == self._threads:
                self._freed.wait_for(lambda: self._idle, self._patience)
            if self._idle:
                return self._idle.pop()
            if self._started == self._threads:
                raise CallError(f"all of its {self._threads} threads are busy")
            mailbox: SimpleQueue[_Job] = SimpleQueue()
            Thread(target=self._serve, args=(mailbox,), name="verification", daemon=True).start()
            self._started += 1
            return mailbox

    def _serve(self, mailbox: SimpleQueue[_Job]) -> None:
        while True:
            self._answer(mailbox.get(), mailbox)

    def _answer(self, job: _Job, mailbox: SimpleQueue[_Job]) -> None:
        """Do one job. A function of its own, so that an idle thread keeps no key and no answer alive."""
        result, error = None, None
        try:
            result = job.context.run(job.verify, job.answer, job.now)
        except BaseException as raised:  # noqa: BLE001 - the thread must survive whatever a plugin raises
            error = CallError(describe_call(raised))
        with self._freed:
            self._idle.append(mailbox)
            self._freed.notify()
        job.result.put((result, error))
