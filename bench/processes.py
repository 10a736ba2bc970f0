# SPDX-License-Identifier: MIT
"""A server's processes: their CPU time and memory as the kernel counts them, and the time to the first answer."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ccm_core.services.hashing import NICENESS

MOST_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A running server: its main process, and the seconds from the command to the first answer.

    ``database_pid``: the main process of the database's own server, if it has one.
    """

    process: subprocess.Popen[bytes]
    start_seconds: float
    database_pid: int | None = None

    def pids(self) -> list[int]:
        """Return the main process and everything below it."""
        return list(tree(self.process.pid))

    def workers(self) -> list[int]:
        """Return the worker processes: what is below the main one."""
        return self.pids()[1:]

    def worker(self) -> int:
        """Return the only worker process."""
        (worker,) = self.workers()
        return worker

    def cpu(self) -> float:
        """Return the user and system time in seconds of all processes, ended threads and the database included."""
        return sum(cpu_of(self.pids()).values()) + self.database_cpu()

    def database_cpu(self) -> float:
        """Return the same of the database's server alone: of the processes that it has now."""
        return sum(cpu_of(tree(self.database_pid)).values()) if self.database_pid else 0.0

    def hashing_cpu(self) -> float:
        """Return the same of the threads of the workers that hash passwords: those that are nice."""
        tasks = [task for pid in self.workers() for task in Path(f"/proc/{pid}/task").iterdir()]
        return sum(_seconds_of(task) for task in tasks if _niceness_of(task) == NICENESS)

    def memory(self) -> float:
        """Return the resident memory of the worker in MiB, what it shares with the main process included."""
        rollup = Path(f"/proc/{self.worker()}/smaps_rollup").read_text("ascii")
        (rss,) = [line.split()[1] for line in rollup.splitlines() if line.startswith("Rss:")]
        return int(rss) / 1024


def _niceness_of(task: Path) -> int:
    return int((task / "stat").read_text("ascii").rpartition(")")[2].split()[16])


def _seconds_of(task: Path) -> float:
    return int((task / "schedstat").read_text("ascii").split()[0]) / 1e9


def peak_memory(pid: int) -> float:
    """Return the most memory in MiB that a process ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], port: int, database_pid: int | None = None
) -> Iterator[Server]:
    """Start a server, wait until it answers the login page with 200, and end it after the block."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CCM_")}
    log = Path(environment["CCM_DATA_DIR"]) / "bench.log"
    began = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=clean | dict(environment), stdout=output, stderr=output)
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > MOST_SECONDS:
                raise SystemExit(f"The server did not start: {log.read_text('utf-8')[-2000:]}")
            time.sleep(0.002)
        yield Server(process, time.perf_counter() - began, database_pid)
    finally:
        process.terminate()
        process.wait(MOST_SECONDS)


def cpu_of(pids: Iterable[int]) -> dict[int, float]:
    """Return the user and system time in seconds of each process that still runs."""
    found = {}
    for pid in pids:
        with suppress(OSError):
            found[pid] = time.clock_gettime(_cpu_clock(pid))
    return found


def free_port() -> int:
    """Return a port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    request = f"GET /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def tree(pid: int) -> Iterator[int]:
    """Yield a process and everything below it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended meanwhile
            for child in children.read_text("ascii").split():
                yield from tree(int(child))


def _cpu_clock(pid: int) -> int:
    """Return the clock id of a process's CPU time, as the kernel encodes it (``clock_getcpuclockid``)."""
    return (~pid << 3) | 2
