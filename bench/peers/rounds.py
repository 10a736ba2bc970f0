# SPDX-License-Identifier: MIT
"""Measures all systems in turns on one database: ``rounds.py DATABASE OUT.jsonl ROUNDS SYSTEM,… KIND LOADS PROJECT``.

Runs in a copy of the peers' bench and in its environment, whose script reads the first five arguments. ``KIND`` is
that of the peers' gunicorn workers; ``PROJECT`` is JSON: how this project is served, and what its start imports.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

import run_peers as shared
import uvloop
from argon2 import PasswordHasher
from flow import Browser, Ccm
from flows import PASSWORD, PEERS
from procs import Server, mem

OURS = "ccm"
HASHES, STARTS = 10, 5
WARM_UP = {"A": 40, "B": 24, "C": 16, "E": 40, "F": 8}
ROUND = {"A": 50, "B": 20, "C": 20, "E": 50, "F": 10}
"""Requests of one round at one client."""
AGAIN = {"A": 25, "B": 8, "C": 4, "E": 20, "F": 2}
"""Requests before those of a round: after the others' turns a virtual machine is slow at whatever it touches first, up
to 100 ms in all, which is its own doing and no system's."""
TRIAL_PORT = 90
DATABASE, ROUNDS, NAMES = sys.argv[1], int(sys.argv[3]), sys.argv[4].split(",")
LOADS, PROJECT = int(sys.argv[6]), json.loads(sys.argv[7])


def main() -> None:
    PEERS[OURS] = Ccm()
    shared.Browser = Browser
    hasher = PasswordHasher(2, 19456, 1)
    stored = hasher.hash(PASSWORD)
    measure_starts()
    with ExitStack() as stack:
        servers = {}
        for number, name in enumerate(NAMES):
            servers[name] = start(name, number)
            stack.callback(servers[name].stop)
        for name in NAMES:
            load(name, servers[name], 8, -1, WARM_UP)
        for number in range(ROUNDS):
            for name in turned(number):
                load(name, servers[name], 1, -1, AGAIN)
                before = cost_of_a_hash(hasher, stored)
                load(name, servers[name], 1, number, ROUND)
                cost = (before + cost_of_a_hash(hasher, stored)) / 2
                shared.emit(peer=name, db=DATABASE, what="hash", rep=number, cpu_ms=cost)
            tell("round", number)
        for number in range(LOADS):
            for clients in (8, 32):
                for name in turned(number):
                    load(name, servers[name], clients, number, shared.N[clients])
            tell("load", number)
        for name in NAMES:
            emit_memory(name, "after", servers[name])
    shared.emit(peer=OURS, db=DATABASE, what="turned away", count=PEERS[OURS].turned_away)


def turned(number: int) -> list[str]:
    """Return the systems in another order each round, so that none always follows the same one."""
    first = number % len(NAMES)
    return NAMES[first:] + NAMES[:first]


def load(name: str, server: Server, clients: int, rep: int, times: dict[str, int]) -> None:
    asyncio.run(shared.bench(name, server, clients, rep, times))


def start(name: str, number: int) -> Server:
    if name != OURS:
        return shared.start(name, number)
    port = 9100 + number
    command = [part.replace("PORT", str(port)) for part in PROJECT["command"]]
    environment = PROJECT["environment"] | {"CCM_BASE_URL": f"http://127.0.0.1:{port}"}
    with Path(shared.STATE, f"log-{OURS}").open("a") as log:
        return Server(command, port, PEERS[OURS].login, environment, PROJECT["folder"], log)


def measure_starts() -> None:
    for rep in range(STARTS):
        for name in turned(rep):
            cost = cost_of_import(name)
            server = start(name, TRIAL_PORT)
            try:
                shared.emit(peer=name, db=DATABASE, what="start", rep=rep, import_cpu_s=cost, t200=server.t200)
                emit_memory(name, "before", server)
            finally:
                server.stop()


def cost_of_import(name: str) -> float:
    """Return the CPU seconds until a fresh process has loaded everything and put the application together."""
    code, folder, extra = f"import {name}_app", Path(shared.HERE, "apps"), {"PEER_NAME": name}
    python = Path(shared.HOME, f"v-{name}", "bin", "python")
    if name == OURS:
        code, folder, extra, python = PROJECT["import"], PROJECT["folder"], PROJECT["environment"], PROJECT["python"]
    extra = {"PEER_DB": DATABASE, "PEERS_PGSOCK": shared.PG, **extra}
    code = f"import time; began = time.process_time(); {code}; print(time.process_time() - began)"
    done = subprocess.run(
        [python, "-c", code], cwd=folder, env={**os.environ, **extra}, capture_output=True, check=True
    )
    return float(done.stdout)


def emit_memory(name: str, when: str, server: Server) -> None:
    """Tell what the workers hold, and all processes together, each page shared among them counted once."""
    workers = [mem(pid) for pid in server.workers()]
    whole = sum(mem(pid)["Pss"] for pid in server.pids())
    for key in ("Rss", "Pss", "uss"):
        mean = sum(one[key] for one in workers) / len(workers)
        shared.emit(peer=name, db=DATABASE, what="memory", when=when, key=key, workers=len(workers), mib=mean)
    shared.emit(peer=name, db=DATABASE, what="memory", when=when, key="whole", workers=len(workers), mib=whole)


def cost_of_a_hash(hasher: PasswordHasher, stored: str) -> float:
    """Return the CPU milliseconds of one verification, in this process."""
    hasher.verify(stored, PASSWORD)  # its memory is there and warm, as in a busy server
    began = time.process_time()
    for _ in range(HASHES):
        hasher.verify(stored, PASSWORD)
    return (time.process_time() - began) / HASHES * 1000


def tell(what: str, number: int) -> None:
    print(
        DATABASE, what, number + 1, time.strftime("%H:%M:%S"), "load", os.getloadavg()[0], file=sys.stderr, flush=True
    )


if __name__ == "__main__":
    uvloop.install()
    main()
