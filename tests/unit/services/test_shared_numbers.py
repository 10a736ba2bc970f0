# SPDX-License-Identifier: MIT
"""Numbers of several processes: each has a row of its own, and what a dead one has counted stays."""

import os
import signal
from collections.abc import Callable

from ccm_core.services.shared_numbers import SharedNumbers


class Child:
    """A forked process that takes a row, adds to it, says so and waits to be killed."""

    def __init__(self, numbers: SharedNumbers, act: Callable[[SharedNumbers], None]) -> None:
        heard, told = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                numbers.take_row()
                act(numbers)
                os.write(told, b"x")
                signal.alarm(60)  # never longer than the test that forgets it
                signal.pause()
            finally:
                os._exit(1)
        assert os.read(heard, 1) == b"x"
        os.close(heard)
        os.close(told)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def add(amount: float) -> Callable[[SharedNumbers], None]:
    def act(numbers: SharedNumbers) -> None:
        for _ in range(1000):
            numbers.own[1] += amount

    return act


def test_processes_add_up_and_a_dead_ones_row_goes_on_with_what_it_held() -> None:
    numbers = SharedNumbers(rows=3, width=2)
    numbers.own[1] += 0.5
    first = Child(numbers, add(1))
    second = Child(numbers, add(10))
    assert numbers.totals() == [0, 11_000.5]
    first.kill()
    assert numbers.totals() == [0, 11_000.5]
    third = Child(numbers, add(100))
    assert numbers.totals() == [0, 111_000.5]
    rows = [row.tolist() for row in numbers._rows]
    assert rows == [[0, 0.5], [0, 101_000], [0, 10_000]]
    for child in (second, third):
        child.kill()


def test_one_process_too_many_shares_the_first_row() -> None:
    numbers = SharedNumbers(rows=2, width=2)
    children = [Child(numbers, add(1)), Child(numbers, add(10))]
    assert [row.tolist() for row in numbers._rows] == [[0, 10_000], [0, 1000]]
    for child in children:
        child.kill()
