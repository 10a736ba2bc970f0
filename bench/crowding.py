# SPDX-License-Identifier: MIT
"""Whether sign-ins starve the rest: an account page's latency while many clients sign in, against that when idle.

``python -m bench.crowding``: two workers, 64 clients that sign in with a code over and over and wait when they are
told to, and one signed-in user who opens the account page all the time. Ends with status 1 when a limit is exceeded.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Event, Process, Queue
from pathlib import Path

from bench.deployment import Crowd, Installation, prepare
from bench.processes import Server, peak_memory
from bench.visitor import Refused
from ccm_core.services.logs import stay_silent

CLIENTS = 64
WORKERS = 2
MOST_RATIO = 5.0
HASH_MIB = 19
"""What each hashing thread keeps."""
OVERHEAD_MIB = 40
"""What the other threads of a crowded worker may take besides, above what it had when idle."""


@dataclass
class Load:
    """What the clients met: by result, how often."""

    seen: Counter[str] = field(default_factory=Counter)


def _sign_in_over_and_over(crowd: Crowd, clients: int, stop: threading.Event, seen: Counter[str]) -> None:
    def one() -> None:
        while not stop.is_set():
            try:
                crowd.sign_in()
                seen["signed in"] += 1
            except Refused as refused:
                seen[f"{refused.status} with Retry-After" if refused.retry_after else str(refused.status)] += 1
                stop.wait(refused.retry_after or 1)

    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(one) for _ in range(clients)]:
            done.result()


def _clients(crowd: Crowd, clients: int, stop: threading.Event, results: Queue[Counter[str]]) -> None:
    """Be the clients, in a process of their own that never keeps the server or the reader waiting for a processor."""
    os.nice(19)
    seen: Counter[str] = Counter()
    _sign_in_over_and_over(crowd, clients, stop, seen)
    results.put(seen)


@contextmanager
def crowded(crowd: Crowd, clients: int) -> Iterator[Load]:
    """Let the clients sign in during the block; afterwards the yielded load tells what they met."""
    stop, results, load = Event(), Queue(), Load()
    process = Process(target=_clients, args=(crowd, clients, stop, results))
    process.start()
    try:
        yield load
    finally:
        stop.set()
        load.seen.update(results.get(timeout=120))
        process.join()


def latencies(crowd: Crowd, seconds: float) -> list[float]:
    """Return the milliseconds that each opening of the account page took, sorted."""
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        crowd.open_account_page()
        times.append((time.perf_counter() - began) * 1000)
        time.sleep(0.005)
    return sorted(times)


def percentile(times: list[float], part: float) -> float:
    return times[min(len(times) - 1, int(len(times) * part))]


def measure(installation: Installation, server: Server, seconds: float, clients: int) -> bool:
    """Print the figures; returns whether all limits are kept."""
    crowd = Crowd.of(installation)
    latencies(crowd, 2)  # warm
    idle = latencies(crowd, seconds)
    before = [peak_memory(pid) for pid in server.workers()]
    with crowded(crowd, clients) as load:
        latencies(crowd, 2)  # until all clients are there
        busy = latencies(crowd, seconds)
    after = [peak_memory(pid) for pid in server.workers()]
    ratio = percentile(busy, 0.99) / percentile(idle, 0.99)
    for name, times in (("idle", idle), (f"{clients} clients sign in", busy)):
        figures = ", ".join(f"p{part:g} {percentile(times, part / 100):.2f} ms" for part in (50, 90, 99))
        print(f"account page, {name}: {figures} ({len(times)} openings)")
    print(f"p99 against idle: {ratio:.1f} times (at most {MOST_RATIO:g})")
    print("clients:", ", ".join(f"{count} {what}" for what, count in sorted(load.seen.items())))
    more = max(after) - max(before)
    print(f"most memory of a worker: {max(before):.0f} MiB idle, {max(after):.0f} MiB crowded")
    allowed = HASH_MIB * installation.settings.hash_concurrency + OVERHEAD_MIB
    print(f"more memory: {more:.0f} MiB (at most {allowed}: {HASH_MIB} for each hashing thread)")
    unexpected = {what for what in load.seen if what not in {"signed in", "429 with Retry-After"}}
    return ratio <= MOST_RATIO and more <= allowed and not unexpected


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.crowding", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="how long each of the two phases takes")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    options = parser.parse_args()
    stay_silent()
    with tempfile.TemporaryDirectory() as folder:
        installation = prepare(Path(folder), users=2 * options.clients + 2)
        with installation.serving(workers=WORKERS) as server:
            kept = measure(installation, server, options.seconds, options.clients)
    raise SystemExit(0 if kept else 1)


if __name__ == "__main__":
    main()
