# SPDX-License-Identifier: MIT
"""The console script as a program of its own: pipes, a terminal, signals."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ccm_core.testing.browser import Browser
from ccm_core.testing.databases import database_url
from ccm_core.testing.server import client_of, free_port

CCM = Path(sys.executable).with_name("ccm")
PASSWORD = "a long enough password"
SECONDS = 120


@dataclass
class Running:
    """A server that has said that it serves, with all that it printed before."""

    process: subprocess.Popen[str]
    lines: list[str]
    log: Path

    def workers(self) -> list[int]:
        pid = self.process.pid
        return sorted(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; returns exit status and what was printed since."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, rest


@dataclass
class Program:
    """``ccm`` on a data directory and a port of its own."""

    data: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    kilobytes: int | None = None
    """How large the files of its commands may grow, as on a full disk; None: as they will."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CCM_")}
        own = {"CCM_DATA_DIR": str(self.data), "CCM_DATABASE_URL": database_url(self.data), "CCM_BASE_URL": self.url}
        return {**kept, **own, "LANG": "C.UTF-8", **self.settings}

    def __call__(self, *arguments: str, typed: str = "") -> tuple[int, str, str]:
        limited = [] if self.kilobytes is None else ["bash", "-c", f'ulimit -S -f {self.kilobytes} && exec "$@"', "-"]
        done = subprocess.run(
            [*limited, CCM, *arguments],
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def done(self, *arguments: str, typed: str = "") -> str:
        status, out, err = self(*arguments, typed=typed)
        assert (status, err) == (0, "")
        return out

    def refused(self, *arguments: str, typed: str = "") -> str:
        """Run what must end with status 1 and one line on stderr."""
        status, out, err = self(*arguments, typed=typed)
        assert (status, out) == (1, "")
        assert err.count("\n") == 1
        return err.strip()

    def init(self) -> None:
        options = ["--admin", "anna", "--email", "anna@example.org", "--password-stdin"]
        self.done("init", *options, typed=f"{PASSWORD}\n")

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """Run a command that serves, until it is stopped or the block ends."""
        log = self.data.with_name(f"{self.data.name}.log")
        with log.open("a") as errors:
            process = subprocess.Popen(
                [CCM, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=errors, text=True
            )
            try:
                lines: list[str] = []
                assert process.stdout is not None
                for line in process.stdout:
                    lines.append(line.rstrip("\n"))
                    if line.startswith("Serving on "):
                        break
                assert lines, log.read_text()
                yield Running(process, lines, log)
            finally:
                process.terminate()
                process.communicate(timeout=SECONDS)

    def logs_in(self, name: str, password: str) -> bool:
        with client_of(self.port) as client:
            browser = Browser(self.url, client)
            browser.log_in(name, password)
            return "ccm_session" in browser.cookies

    def on_terminal(self, *arguments: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
        """Run a command on a terminal and answer what it asks; returns its status and all that the terminal showed."""
        pid, terminal = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # as a login on a terminal does, whatever runs the tests
            os.execve(CCM, [str(CCM), *arguments], self.environment)
        shown = ""
        for question, answer in answers:
            shown += _read_until(terminal, question)
            os.write(terminal, answer.encode())
        shown += _read_until(terminal, None)
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.replace("\r\n", "\n")


def _read_until(terminal: int, text: str | None) -> str:
    """Read until the text was shown; None: to the end."""
    shown = b""
    while text is None or text.encode() not in shown:
        ready, _, _ = select.select([terminal], [], [], SECONDS)
        assert ready, shown
        chunk = b""
        with suppress(OSError):  # how Linux tells the end of a terminal
            chunk = os.read(terminal, 4096)
        if not chunk:
            assert text is None, shown
            break
        shown += chunk
    return shown.decode()
