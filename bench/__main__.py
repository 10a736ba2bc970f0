# SPDX-License-Identifier: MIT
"""Measures CPU per request against one password hash, memory, and the start: ``python -m bench``."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.deployment import PASSWORD, Crowd, Installation, prepare
from bench.processes import Server
from ccm_core.services.hashing import argon2id
from ccm_core.services.logs import stay_silent
from tests.postgresql import running_server

HASHES, WARM_UP, STARTS = 4, 5, 5
CONNECTIONS = 8
SIGN_IN_ON_SQLITE, SIGN_IN_ON_POSTGRESQL = 1.4, 1.6
IDLE_MIB, LOADED_MIB, START_SECONDS = 70.0, 110.0, 0.8
GROWTH_MIB = 2.0
"""What counts as no growth: the noise of an allocator."""


@dataclass(frozen=True)
class Load:
    """What is measured: how often in a round, and how much of one password hash it may cost."""

    name: str
    times: int
    limit: float
    act: Callable[[], object]


def main() -> int:
    """Measure and print; the status is 1 if a limit is exceeded and ``--check`` was given."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds of the CPU figures")
    parser.add_argument("--requests", type=int, default=6_000, help="requests of each of the two memory runs; 0: none")
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a limit is exceeded")
    parser.add_argument("--hash-library", default="", help="the server's; the hash to compare with is argon2-cffi's")
    options = parser.parse_args()
    stay_silent()
    print(f"{'':34}{'measured':>12}{'limit':>12}")
    over = on_sqlite(options.rounds, options.requests, options.hash_library)
    over += on_postgresql(options.rounds, options.hash_library)
    return 1 if over and options.check else 0


def on_sqlite(rounds: int, requests: int, hash_library: str) -> int:
    """Measure everything on SQLite; returns how many limits were exceeded."""
    with TemporaryDirectory(prefix="ccm-bench-") as folder:
        installation = prepare(Path(folder), hash_library=hash_library)
        over = measure_start(installation)
        with installation.serving() as server:
            over += tell("worker, idle", server.memory(), IDLE_MIB, "MiB")
            print_pace()
            crowd = Crowd.of(installation)
            over += measure_cpu(server, crowd, rounds, SIGN_IN_ON_SQLITE)
            if requests:
                over += measure_memory(server, crowd, requests)
    return over


def on_postgresql(rounds: int, hash_library: str) -> int:
    """Measure CPU on PostgreSQL, its server's included; returns how many limits were exceeded."""
    print("On PostgreSQL, the CPU of its server included:")
    with running_server() as database, TemporaryDirectory(prefix="ccm-bench-") as folder:
        installation = prepare(
            Path(folder), database_url=database.url, database_pid=database.pid, hash_library=hash_library
        )
        with installation.serving() as server:
            return measure_cpu(server, Crowd.of(installation), rounds, SIGN_IN_ON_POSTGRESQL)


def measure_start(installation: Installation) -> int:
    """Start ``ccm serve`` some times; returns how many limits were exceeded."""
    seconds = []
    for _ in range(STARTS):
        with installation.serving(real=True) as server:
            seconds.append(server.start_seconds)
    return tell("ccm serve to the first answer", statistics.median(seconds), START_SECONDS, "s")


def measure_cpu(server: Server, crowd: Crowd, rounds: int, sign_in: float) -> int:
    """Compare CPU per request with one password hash, measured in turns; returns how many limits were exceeded.

    ``sign_in``: how many hashes a sign-in may cost.
    """
    loads = (
        Load("login page", 60, 0.03, crowd.open_login_page),
        Load("account page", 60, 0.06, crowd.open_account_page),
        Load("set-up page", 20, 0.5, crowd.open_setup_page),
        Load("sign-in with code, 5 requests", 12, sign_in, crowd.sign_in),
    )
    for load in loads:
        for _ in range(WARM_UP):
            load.act()
    costs: dict[str, list[float]] = {load.name: [] for load in loads}
    database: dict[str, list[float]] = {load.name: [] for load in loads}
    hashing: list[float] = []
    hashes: list[float] = []
    for _ in range(rounds):
        crowd.renew_setup()
        hashes.append(cost_of_a_hash())
        for load in loads:
            before, before_database, before_hashing = server.cpu(), server.database_cpu(), server.hashing_cpu()
            for _ in range(load.times):
                load.act()
            costs[load.name].append((server.cpu() - before) / load.times)
            database[load.name].append((server.database_cpu() - before_database) / load.times)
        hashing.append((server.hashing_cpu() - before_hashing) / loads[-1].times)
    print(f"{'one Argon2id verification':34}{statistics.median(hashes) * 1000:9.2f} ms CPU")
    over = 0
    for load in loads:
        ratio = statistics.median(cost / one for cost, one in zip(costs[load.name], hashes, strict=True))
        milliseconds = statistics.median(costs[load.name]) * 1000
        more = f"{milliseconds:.2f} ms CPU"
        if server.database_pid:
            more += f", {statistics.median(database[load.name]) * 1000:.2f} of it the database's"
        over += tell(load.name, ratio, load.limit, "hashes", more)
    print(f"{'of which the hash itself took there':34}{statistics.median(hashing) * 1000:9.2f} ms CPU")
    return over


def print_pace() -> None:
    """Print what a fixed piece of plain Python costs now: a busy neighbour slows it down, and a hash much less."""
    samples = []
    for _ in range(20):
        began, number = time.thread_time(), 0
        for step in range(6000):
            number = (number * 31 + step) & 0xFFFF
        samples.append((time.thread_time() - began) * 1000)
        time.sleep(0.02)
    print(f"{'6,000 steps of plain Python':34}{statistics.median(samples):9.2f} ms CPU")


def cost_of_a_hash() -> float:
    """Return the CPU seconds of one verification, in this process."""
    hasher = argon2id()
    stored = hasher.hash(PASSWORD)
    began = time.process_time()
    for _ in range(HASHES):
        hasher.verify(stored, PASSWORD)
    return (time.process_time() - began) / HASHES


def measure_memory(server: Server, crowd: Crowd, requests: int) -> int:
    """Load the worker from several connections, twice; returns how many limits were exceeded."""
    after = []
    for _ in range(2):
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for done in [pool.submit(visit, crowd) for _ in range(requests // REQUESTS_PER_VISIT)]:
                done.result()
        after.append(server.memory())
    over = tell(f"worker, after {requests:,} requests", after[0], LOADED_MIB, "MiB")
    return over + tell(f"growth in {requests:,} more", after[1] - after[0], GROWTH_MIB, "MiB")


REQUESTS_PER_VISIT = 20


def visit(crowd: Crowd) -> None:
    """Twenty requests of one user: a sign-in with a code in five, and pages."""
    visitor = crowd.sign_in()
    for _ in range(5):
        visitor.get("/")
        visitor.get("/account")
        crowd.open_login_page()


def tell(name: str, value: float, limit: float, unit: str, more: str = "") -> int:
    """Print a line; returns 1 if the limit is exceeded."""
    over = value > limit
    print(f"{name:34}{value:9.3f} {unit:7}{limit:7.2f} {unit:7}{more}{'  OVER' if over else ''}", flush=True)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
