# SPDX-License-Identifier: MIT
"""Verifying in a pool: a limit in time and number, whatever the function does."""

import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from threading import Barrier, Event

import pytest

from ccm_core.plugin_manager.faults import CallError
from ccm_core.plugin_manager.verification import VerificationPool


@pytest.fixture
def released() -> Iterator[Event]:
    """Give an event for which a function can wait, and set it at the end so that no thread is left."""
    event = Event()
    yield event
    event.set()


def verification_threads() -> int:
    return sum(thread.name == "verification" for thread in threading.enumerate())


def test_the_answer_and_the_time_reach_the_function_and_its_result_comes_back() -> None:
    assert VerificationPool().run(lambda answer, now: (answer, now), "123456", 59.0) == ("123456", 59.0)


def test_no_thread_starts_before_it_is_needed_and_an_idle_one_is_used_again() -> None:
    before = verification_threads()
    pool = VerificationPool()
    assert verification_threads() == before
    names = {pool.run(lambda _answer, _now: threading.get_ident(), "", 0) for _ in range(20)}
    assert len(names) == 1
    assert verification_threads() == before + 1


def test_threads_do_not_keep_the_process_alive() -> None:
    assert VerificationPool().run(lambda _answer, _now: threading.current_thread().daemon, "", 0)


def test_four_run_side_by_side() -> None:
    pool, meeting = VerificationPool(), Barrier(4)
    with ThreadPoolExecutor(4) as callers:
        results = callers.map(lambda _: pool.run(lambda *_: meeting.wait(5), "", 0), range(4))
        assert sorted(results) == [0, 1, 2, 3]


def test_a_pool_that_stays_full_refuses_and_serves_again_when_one_is_done(released: Event) -> None:
    pool, busy = VerificationPool(threads=2, patience=0.05), Barrier(3)

    def hold(_answer: str, _now: float) -> str:
        busy.wait(5)
        released.wait(5)
        return "done"

    with ThreadPoolExecutor(2) as callers:
        results = [callers.submit(pool.run, hold, "", 0) for _ in range(2)]
        busy.wait(5)
        with pytest.raises(CallError, match="all of its 2 threads are busy"):
            pool.run(lambda *_: "never", "", 0)
        released.set()
        assert [result.result(5) for result in results] == ["done", "done"]
    assert pool.run(lambda *_: "again", "", 0) == "again"


def test_a_crowd_waits_for_its_turn() -> None:
    pool, everybody = VerificationPool(threads=2), Barrier(16)

    def ask(number: int) -> object:
        everybody.wait(5)
        return pool.run(lambda answer, _now: (Event().wait(0.002), answer)[1], str(number), 0)

    with ThreadPoolExecutor(16) as callers:
        assert list(callers.map(ask, range(16))) == [str(number) for number in range(16)]


def test_a_late_answer_is_dropped(released: Event) -> None:
    pool, finished = VerificationPool(threads=1, limit=0.05, patience=0.01), Event()

    def late(_answer: str, _now: float) -> str:
        released.wait(5)
        finished.set()
        return "late"

    with pytest.raises(CallError, match=r"it took more than 0\.05 s"):
        pool.run(late, "", 0)
    with pytest.raises(CallError, match="busy"):
        pool.run(lambda *_: "next", "", 0)
    released.set()
    assert finished.wait(5)
    assert next_result(pool) == "next"


def next_result(pool: VerificationPool) -> object:
    """Ask until the only thread is free again."""
    for _ in range(1000):
        try:
            return pool.run(lambda *_: "next", "", 0)
        except CallError:
            Event().wait(0.005)
    return None


@pytest.mark.parametrize("error", [ValueError("123456"), SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_it_raises_is_told_without_its_message_and_the_thread_survives(error: BaseException) -> None:
    pool = VerificationPool(threads=1)

    def fail(_answer: str, _now: float) -> None:
        raise error

    for _ in range(3):
        with pytest.raises(CallError, match=rf"^{type(error).__name__} in .*test_verification, line \d+$"):
            pool.run(fail, "", 0)
    assert pool.run(lambda *_: "fine", "", 0) == "fine"


def test_an_idle_thread_keeps_neither_function_nor_answer() -> None:
    class Secret(str):
        __slots__ = ("__weakref__",)

    pool, gone, secret = VerificationPool(threads=1), Event(), Secret("123456")
    weakref.finalize(secret, gone.set)
    pool.run(lambda *_: None, secret, 0)
    del secret
    assert gone.wait(5)


FORKING = """
import os
from ccm_core.plugin_manager.verification import VerificationPool

pool = VerificationPool(threads=1, limit=2)
pool.run(lambda *_: None, "", 0)
child = os.fork()
if child == 0:
    os._exit(0 if pool.run(lambda *_: "in the child", "", 0) == "in the child" else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_process_that_is_forked_after_use_starts_threads_of_its_own() -> None:
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", FORKING], cwd=root, check=False).returncode == 0


def test_a_pool_that_nobody_needs_is_freed() -> None:
    pool = VerificationPool()
    gone = weakref.ref(pool)
    del pool
    assert gone() is None


def test_what_a_request_has_bound_is_known_while_its_answer_is_judged_and_not_later() -> None:
    request: ContextVar[str] = ContextVar("request", default="none")
    pool = VerificationPool(threads=1)

    def tell(_answer: str, _now: float) -> object:
        return request.get()

    token = request.set("first")
    assert pool.run(tell, "", 0) == "first"
    request.reset(token)
    assert pool.run(tell, "", 0) == "none"
