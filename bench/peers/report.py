# SPDX-License-Identifier: MIT
"""Writes the tables of a run beside the peers, and says of each target whether it was reached."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

Row = Mapping[str, Any]
OURS = "ccm"
NAMES = {
    "allauth": "django-allauth",
    "dj2fa": "django-two-factor-auth",
    "flask": "Flask-Security",
    OURS: "this project",
}
DATABASES = {"sqlite": "SQLite", "pg": "PostgreSQL"}
SIGN_IN = "B full login"
STEPS = {
    "A login page": "login page",
    "C password POST": "password step",
    "C2 code page GET": "code page",
    "D code POST": "code step",
    "D2 landing GET": "page after the sign-in",
    "E account page": "account page",
    "F enrolment QR": "set-up page, up to the QR code",
    SIGN_IN: "whole sign-in, 5 requests",
}
MOST_HASHES = {"sqlite": 1.4, "pg": 1.6}
SHARES = {
    "A login page": 1 / 5,
    "C2 code page GET": 1 / 3,
    "D2 landing GET": 1 / 3,
    "E account page": 1 / 3,
    "F enrolment QR": 1 / 3,
}
"""How much of the best peer's CPU a page may take."""
SHOWN = ("django", "flask", "security", "allauth", "otp", "sqlalchemy", "granian", "gunicorn", "argon2", "psycopg")


@dataclass(frozen=True)
class Rows:
    """The measurements on one database."""

    rows: Sequence[Row]
    database: str

    def of(self, **wanted: object) -> list[Row]:
        """Return the rows with these values."""
        return [row for row in self.rows if all(row.get(key) == value for key, value in wanted.items())]

    @property
    def systems(self) -> list[str]:
        """The systems that were measured, in the order of the tables."""
        return [name for name in NAMES if self.of(peer=name)]

    def cpu(self, system: str, what: str) -> list[float]:
        """Return CPU milliseconds per request of each round at one client, the database server's included."""
        return [row["app_ms"] + row["pg_ms"] for row in self._at_one(system, what)]

    def ratio(self, system: str, what: str) -> float | None:
        """Return the median over the rounds of CPU per request as a multiple of the same round's hash."""
        hashes = {row["rep"]: row["cpu_ms"] for row in self.of(peer=system, what="hash")}
        ratios = [(row["app_ms"] + row["pg_ms"]) / hashes[row["rep"]] for row in self._at_one(system, what)]
        return median(ratios) if ratios else None

    def _at_one(self, system: str, what: str) -> list[Row]:
        return [row for row in self.of(peer=system, what=what, conc=1) if row["rep"] >= 0]


def of(rows: Sequence[Row], versions: Mapping[str, Sequence[str]]) -> str:
    """Return the report in Markdown."""
    parts = [_machine(versions)]
    for database, name in DATABASES.items():
        here = Rows([row for row in rows if row["db"] == database], database)
        if here.rows:
            parts += [f"## {name}", _cpu(here), _loads(here), _memory(here), _targets(here)]
    return "\n\n".join([*parts, _versions(versions)]) + "\n"


def _machine(versions: Mapping[str, Sequence[str]]) -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    count = sum(line.startswith("processor") for line in lines)
    return (
        f"{count} processors ({model}), Linux {platform.release()}, Python {platform.python_version()}, "
        f"{versions['PostgreSQL'][0]}, SQLite {sqlite3.sqlite_version}. Two workers each; Argon2id m=19456 KiB, t=2, "
        "p=1 of the same wheel; production settings; one connection a request; a distinct user and network for every "
        "sign-in. On SQLite the peers write with synchronous=NORMAL, this project with FULL, as it ships. The peers' "
        "rate limits are off; those of this project have no switch. The account page of the peers is a greeting and "
        "five lines; that of this project is its account settings."
    )


def _cpu(here: Rows) -> str:
    hashes = [row["cpu_ms"] for row in here.of(what="hash")]
    rounds = len(here.of(what="hash", peer=OURS))
    lines = []
    for what, name in STEPS.items():
        cells = []
        for system in here.systems:
            ratio, cpu = here.ratio(system, what), here.cpu(system, what)
            if ratio is None:
                cells.append("in the step before")
                continue
            database = median(row["pg_ms"] for row in here.of(peer=system, what=what, conc=1))
            cells.append(
                f"**{ratio:.3f}** ({median(cpu):.2f} ms" + (f", database {database:.2f})" if database else ")")
            )
        lines.append([name, *cells])
    title = (
        f"CPU per request as a multiple of one bare Argon2id verification of the same round, medians of {rounds} "
        f"paired rounds at one client; all processes of the system and of the database server. The verification took "
        f"{median(hashes):.2f} ms (lowest {min(hashes):.2f}, highest {max(hashes):.2f})."
    )
    return title + "\n\n" + _table(here, "CPU per request", lines)


def _loads(here: Rows) -> str:
    lines = []
    for what, name in STEPS.items():
        for clients in (1, 8, 32):
            cells = [_load_cell(here.of(peer=system, what=what, conc=clients)) for system in here.systems]
            if any(cells):
                lines.append([f"{name}, {clients} clients" if clients > 1 else f"{name}, 1 client", *cells])
    title = "Requests (or sign-ins) per second, median; latency p50 / p99 in ms."
    turned_away = [row["count"] for row in here.of(what="turned away")]
    if turned_away and turned_away[0]:
        title += f" {turned_away[0]} sign-ins found this project's hash queue full, were answered 429 and came again."
    return title + "\n\n" + _table(here, "throughput; latency", lines)


def _load_cell(rows: Iterable[Row]) -> str:
    kept = [row for row in rows if row["rep"] >= 0]
    if not kept:
        return ""
    pooled = sorted(value for row in kept for value in row["lat"])
    p50, p99 = median(row["p50"] for row in kept), max(row["p99"] for row in kept)
    if pooled:
        p50, p99 = pooled[len(pooled) // 2], pooled[min(len(pooled) - 1, int(0.99 * len(pooled)))]
    return f"{median(row['rps'] for row in kept):.1f}; {p50:.1f} / {p99:.1f}"


def _memory(here: Rows) -> str:
    lines = [
        [name, *(f"{read(here, system):.{digits}f}" for system in here.systems)] for name, digits, read in _FIGURES
    ]
    return "Start and memory (medians; a worker's figures are means of both).\n\n" + _table(here, "", lines)


def _started(key: str) -> Callable[[Rows, str], float]:
    return lambda here, system: median(row[key] for row in here.of(peer=system, what="start"))


def _held(when: str, key: str) -> Callable[[Rows, str], float]:
    return lambda here, system: median(row["mib"] for row in here.of(peer=system, what="memory", when=when, key=key))


_FIGURES: list[tuple[str, int, Callable[[Rows, str], float]]] = [
    ("start to the first 200, s", 3, _started("t200")),
    ("import, CPU s", 3, _started("import_cpu_s")),
    ("worker before load: resident, MiB", 1, _held("before", "Rss")),
    ("worker before load: its share (PSS), MiB", 1, _held("before", "Pss")),
    ("worker before load: its own alone, MiB", 1, _held("before", "uss")),
    ("all processes before load (PSS), MiB", 1, _held("before", "whole")),
    ("worker after load: resident, MiB", 1, _held("after", "Rss")),
    ("worker after load: its share (PSS), MiB", 1, _held("after", "Pss")),
    ("worker after load: its own alone, MiB", 1, _held("after", "uss")),
    ("all processes after load (PSS), MiB", 1, _held("after", "whole")),
]


def _targets(here: Rows) -> str:
    lines = []
    whole = here.ratio(OURS, SIGN_IN)
    if whole is not None:
        most = MOST_HASHES[here.database]
        lines.append(_judged(f"whole sign-in, multiples of the hash: {whole:.3f}, at most {most}", whole <= most))
    peers = [system for system in here.systems if system != OURS]
    for what, share in SHARES.items():
        best = min(ratio for peer in peers if (ratio := here.ratio(peer, what)) is not None)
        ours = (here.ratio(OURS, what) or 0) / best
        text = f"{STEPS[what]}, share of the best peer's CPU: {ours:.3f}, at most {share:.3f}"
        lines.append(_judged(text, ours <= share))
    for name, digits, read in _FIGURES:
        ours, best = read(here, OURS), min(read(here, peer) for peer in peers)
        text = f"{name}: {ours:.{digits}f}, the lowest peer {best:.{digits}f}"
        lines.append(_judged(text, ours <= best))
    return "\n".join(lines)


def _judged(text: str, reached: bool) -> str:
    return f"- {'reached' if reached else '**missed**'}: {text}"


def _table(here: Rows, corner: str, lines: Iterable[Sequence[str]]) -> str:
    head = [corner, *(NAMES[system] for system in here.systems)]
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _versions(versions: Mapping[str, Sequence[str]]) -> str:
    lines = [f"This project at {versions['commit'][0]}."]
    for system, name in NAMES.items():
        kept = [line for line in versions[system] if any(word in line.casefold() for word in SHOWN)]
        lines.append(f"- {name}: {', '.join(kept)}")
    return "## Versions\n\n" + "\n".join(lines)
