# SPDX-License-Identifier: MIT
"""The event that ends the server: a signal may set it at any moment, also while its own thread begins to wait."""

import subprocess
import sys
import threading

from ccm_core.cli.server import Interrupt

STORM = """
import signal
from ccm_core.cli.server import Interrupt

told = Interrupt()
signal.signal(signal.SIGALRM, lambda *_: told.set())
for number in range(4000):
    signal.setitimer(signal.ITIMER_REAL, 0.000001 + number % 100 / 1000000)
    assert told.wait()
    told.clear()
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
for _ in range(4000):
    assert told.wait()
    told.clear()
signal.setitimer(signal.ITIMER_REAL, 0)
print("ended")
"""


def test_a_signal_is_neither_lost_nor_a_deadlock_whenever_it_comes() -> None:
    done = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "ended\n"


def test_it_stays_set_until_it_is_cleared() -> None:
    told = Interrupt()
    assert not told.is_set()
    assert not told.wait(0)
    told.set()
    told.set()
    assert told.is_set()
    assert told.wait()
    assert told.wait(0)
    told.clear()
    assert not told.wait(0)


def test_another_thread_ends_the_waiting() -> None:
    told = Interrupt()
    threading.Timer(0.01, told.set).start()
    assert told.wait(30)


WORKER = """
import os
import signal
from ccm_core.cli import server

signal.signal(signal.SIGTERM, lambda *_: None)
os.register_at_fork(after_in_child=server._leave_signals_to_the_main_process)
loading, told = os.pipe()
child = os.fork()
if child == 0:
    os.write(told, b"!")
    signal.pause()
    os._exit(1)
os.read(loading, 1)
os.kill(child, signal.SIGTERM)
print(signal.Signals(-os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).name)
"""


def test_a_worker_that_is_still_loading_ends_when_it_is_told_to() -> None:
    done = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("SIGTERM\n", "")
