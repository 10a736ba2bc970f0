# SPDX-License-Identifier: MIT
"""The HTTP server: worker processes forked from one that has loaded everything but holds no connection, no thread."""

from __future__ import annotations

import ctypes
import gc
import math
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import click
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from ccm_core.app import create_app, start_background
from ccm_core.services.logs import library_logging, write_json
from ccm_core.services.parts import Parts

THREADS = 32
"""Threads that answer requests, per worker process."""

STOP_SECONDS = 10
"""How long a worker may take to finish its requests when it is told to stop."""

_LOOK = 0.2
"""Seconds after which a signal is noticed that came at the worst moment."""

_M_ARENA_MAX = -8  # of glibc's mallopt


def run_server(parts: Parts, address: str, port: int, workers: int) -> None:
    """Serve until a signal tells to stop."""
    write_json()
    parts.faults.clear_node()
    parts.database.dispose()
    _give_each_thread_its_own_memory()
    multiprocessing.set_start_method("fork", force=True)  # the default on Linux until Python 3.14
    os.register_at_fork(after_in_child=_leave_signals_to_the_main_process)
    gc.freeze()  # what is loaded by now stays shared: a worker's collections do not touch it
    server = _Server(
        "ccm",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=library_logging(),
    )
    server.serve(target_loader=partial(_application, parts), wrap_loader=False)


def _give_each_thread_its_own_memory() -> None:
    """Let glibc not share arenas between threads: a hash's 19 MiB would find them split up and take 19 more."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 4 * THREADS)


def _leave_signals_to_the_main_process() -> None:
    """Let a worker end when the main one says so, also before it can finish requests, and not by itself at Ctrl+C.

    The terminal sends that to every process, and the main one takes a worker's own end for a failure.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # till Granian sets its own: the main one's handler ends nothing here


def _application(parts: Parts) -> Callable[..., Any]:
    """Return the application of one worker process, in that process."""
    app = create_app(parts.settings, parts.clock, parts)
    start_background(parts, threading.Event())
    return app


class Interrupt:
    """An event that a signal's handler may set: ``threading.Event`` deadlocks if its own thread is about to wait.

    Python calls the handler between two of its own steps: too late if it has just begun to wait, hence ``_LOOK``.
    """

    def __init__(self) -> None:
        self._told: SimpleQueue[None] = SimpleQueue()  # its ``put`` is made for handlers

    def set(self) -> None:
        """Let all waiting end, from now on."""
        self._told.put(None)

    def clear(self) -> None:
        """Let waiting begin again."""
        while self.is_set():
            self._told.get()

    def is_set(self) -> bool:
        """Whether waiting would end at once."""
        return not self._told.empty()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, for so many seconds at most; returns whether the event is set."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                self._told.get(timeout=min(left, _LOOK))
                self._told.put(None)
                break
        return self.is_set()


class _Server(MPServer):
    """Granian, which says in one line of ours when it takes connections."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.main_loop_interrupt = Interrupt()  # type: ignore[assignment]  # has what Granian calls of an event

    def startup(self, spawn_target: Any, target_loader: Any) -> None:
        """Start the workers and wait until they listen, or until a signal or a failed worker ends that."""
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]  # Granian types only what users call
        while not self.main_loop_interrupt.wait(0.01):
            try:
                socket.create_connection((self.bind_addr, self.bind_port), timeout=1).close()
            except OSError:
                continue
            host = f"[{self.bind_addr}]" if ":" in self.bind_addr else self.bind_addr
            click.echo(f"Serving on http://{host}:{self.bind_port}")
            return
