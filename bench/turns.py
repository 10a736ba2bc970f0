# SPDX-License-Identifier: MIT
"""Measures two deployments in turns, so that whatever else the machine does meets both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bench.processes import Server, cpu_of
from bench.sites import Engine

WARM_UP = 3


class Actors(Protocol):
    """The users of one deployment."""

    def begin(self) -> None:
        """Do what must be fresh in each round; it is not measured."""


A = TypeVar("A", bound=Actors)


@dataclass(frozen=True)
class Cost:
    """Of one act, in seconds: CPU of our processes, CPU of the database's, time in its statements, and in all."""

    own: float
    database: float
    statements: float
    wall: float

    @property
    def cpu(self) -> float:
        """CPU of all processes."""
        return self.own + self.database


@dataclass(frozen=True)
class Meter:
    """What one deployment uses."""

    server: Server
    engine: Engine
    name: str

    def cost(self, act: Callable[[], object], times: int) -> Cost:
        """Do something some times and return the mean cost; once before that, since others had the caches."""
        act()
        statements = self.engine.seconds(self.name)
        own, database = cpu_of(self.server.pids()), cpu_of(self.engine.pids())
        began = time.perf_counter()
        for _ in range(times):
            act()
        wall = time.perf_counter() - began
        used = [
            sum(seconds - before.get(pid, 0.0) for pid, seconds in cpu_of(pids).items())
            for before, pids in ((own, self.server.pids()), (database, self.engine.pids()))
        ]
        spent = self.engine.seconds(self.name) - statements
        return Cost(used[0] / times, used[1] / times, spent / times, wall / times)


@dataclass(frozen=True)
class Side(Generic[A]):
    """A deployment and its users."""

    meter: Meter
    actors: A


@dataclass(frozen=True)
class Load(Generic[A]):
    """What is measured, and how often in a turn."""

    name: str
    times: int
    act: Callable[[A], object]


def compare(
    base: Side[A], other: Side[A], loads: Sequence[Load[A]], rounds: int, limit: float
) -> list[dict[str, float | str]]:
    """Measure the base, the other and the base again, round after round; print and return the medians of the ratios.

    The ratio of the base to itself is the noise.
    """
    for load in loads:
        for side in (base, other):
            side.actors.begin()
            for _ in range(WARM_UP):
                load.act(side.actors)
    found: dict[str, list[tuple[Cost, Cost, Cost]]] = {load.name: [] for load in loads}
    for _ in range(rounds):
        for side in (base, other):
            side.actors.begin()
        for load in loads:
            turns = [side.meter.cost(lambda: load.act(side.actors), load.times) for side in (base, other, base)]  # noqa: B023 - called at once
            found[load.name].append((turns[0], turns[1], turns[2]))
    print(
        f"{'':34}{base.meter.name:>10}{other.meter.name:>10}{'ratio':>8}{'quartiles':>14}{'noise':>14}{'database':>18}{'statements':>18}"
    )
    return [_told(name, costs, limit) for name, costs in found.items()]


def _told(name: str, costs: list[tuple[Cost, Cost, Cost]], limit: float) -> dict[str, float | str]:
    ratios = [other.cpu / ((first.cpu + second.cpu) / 2) for first, other, second in costs]
    noise = [second.cpu / first.cpu for first, _, second in costs]
    ratio = statistics.median(ratios)
    (low, _, high), (least, _, most) = statistics.quantiles(ratios, n=4), statistics.quantiles(noise, n=4)
    medians = {
        f"{side}_{kind}": statistics.median(getattr(cost[place], kind) for cost in costs) * 1000
        for side, place in (("base", 0), ("other", 1))
        for kind in ("cpu", "database", "statements", "wall")
    }
    print(
        f"{name:34}{medians['base_cpu']:7.2f} ms{medians['other_cpu']:7.2f} ms{ratio:8.2f}{low:7.2f}-{high:5.2f} "
        f"{least:7.2f}-{most:5.2f} {medians['base_database']:8.2f} ->{medians['other_database']:6.2f}"
        f"{medians['base_statements']:9.2f} ->{medians['other_statements']:6.2f}{'  OVER' if ratio > limit else ''}",
        flush=True,
    )
    quartiles = {"ratio": ratio, "low": low, "high": high, "noise_low": least, "noise_high": most}
    return {"name": name, **quartiles, **{f"{key}_ms": value for key, value in medians.items()}}
