# SPDX-License-Identifier: MIT
"""Compares builds and libraries of Argon2id on this machine: ``python -m bench.argon [PYTHON …]``.

Each ``PYTHON`` is that of a virtual environment with another build or library. Each is asked in turn for the libraries
that it has, all with the parameters of this project. A library whose hash is not byte for byte that of argon2-cffi is
told as wrong, not as fast.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from threading import Thread

ROUNDS, HASHES, TOGETHER_SECONDS = 5, 10, 1.0
PASSWORD, SALT = b"correct horse battery staple", b"sixteen bytes of"
MEMORY_KIB, PASSES, LANES, LENGTH = 19456, 2, 1, 32
HERE = "--here"
Hash = Callable[[], bytes]


def main() -> int:
    """Print a line for each library of each environment; the status is 1 if hashes differ."""
    found: dict[tuple[str, str], list[dict[str, float | str]]] = {}
    pythons = [sys.executable, *sys.argv[1:]]
    for _ in range(ROUNDS):
        for python in pythons:
            done = subprocess.run([python, __file__, HERE], capture_output=True, text=True, check=True)
            for one in json.loads(done.stdout):
                found.setdefault((python, one["library"]), []).append(one)
    print(f"{'CPU ms: lowest, median':>48}  two threads, per s")
    right = found[sys.executable, "argon2-cffi"][0]["hash"]
    for (python, library), runs in found.items():
        costs = [float(run["cpu_ms"]) for run in runs]
        rate = median(float(run["per_second"]) for run in runs)
        wrong = "" if all(run["hash"] == right for run in runs) else "  ANOTHER HASH"
        print(f"{library:24}{min(costs):14.2f}{median(costs):10.2f}{rate:20.1f}  {python}{wrong}")
    return int(any(run["hash"] != right for runs in found.values() for run in runs))


def here() -> Iterator[dict[str, float | str]]:
    """Measure what this environment has."""
    for library, make in _LIBRARIES.items():
        try:
            work = make()
        except ImportError:
            continue
        result = work().hex()
        work()
        began = time.process_time()
        for _ in range(HASHES):
            work()
        cost = (time.process_time() - began) / HASHES * 1000
        yield {"library": library, "hash": result, "cpu_ms": cost, "per_second": _rate(work)}


def _rate(work: Hash) -> float:
    """Return how many hashes two threads make per second."""
    counts, end = [0, 0], time.perf_counter() + TOGETHER_SECONDS

    def run(number: int) -> None:
        while time.perf_counter() < end:
            work()
            counts[number] += 1

    threads = [Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / TOGETHER_SECONDS


def _argon2_cffi() -> Hash:
    from argon2.low_level import Type, hash_secret_raw  # noqa: PLC0415 - an environment may lack it

    return lambda: hash_secret_raw(PASSWORD, SALT, PASSES, MEMORY_KIB, LANES, LENGTH, Type.ID)


def _pynacl() -> Hash:
    from nacl.pwhash import argon2id  # noqa: PLC0415 - an environment may lack it

    return lambda: argon2id.kdf(LENGTH, PASSWORD, SALT, opslimit=PASSES, memlimit=MEMORY_KIB * 1024)


def _cryptography() -> Hash:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: PLC0415 - an environment may lack it

    options = {"salt": SALT, "length": LENGTH, "iterations": PASSES, "lanes": LANES, "memory_cost": MEMORY_KIB}
    return lambda: Argon2id(**options).derive(PASSWORD)


_LIBRARIES: dict[str, Callable[[], Hash]] = {
    "argon2-cffi": _argon2_cffi,
    "PyNaCl": _pynacl,
    "cryptography": _cryptography,
}


if __name__ == "__main__":
    if sys.argv[1:] == [HERE]:
        print(json.dumps(list(here())))
    else:
        sys.exit(main())
