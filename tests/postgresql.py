# SPDX-License-Identifier: MIT
"""A PostgreSQL server of its own for one run of the tests, from Debian's package, with default durability."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy import make_url

DEBIAN = Path("/usr/lib/postgresql")
ACCOUNT = "postgres"
"""Whom the server runs as when the tests run as root, which PostgreSQL refuses to be."""
USER = "ccm"
MEMORY = "/dev/shm"


class Server:
    """A server in a folder of its own, on a socket that only this account and root can reach."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs = max(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name))
        self._account = ACCOUNT if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@/postgres?host={self._folder}"

    @property
    def pid(self) -> int:
        """Of its main process."""
        return int((self._folder / "data" / "postmaster.pid").read_text("ascii").partition("\n")[0])

    def database(self, name: str) -> str:
        """Make a database anew, in the way that operations.md says, and return its URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name} OWNER {USER} ENCODING 'UTF8' TEMPLATE template0".encode())
        return make_url(self.url).set(database=name).render_as_string()

    def create(self) -> None:
        if self._account:
            entry = pwd.getpwnam(self._account)
            os.chown(self._folder, entry.pw_uid, entry.pw_gid)
        options = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run("initdb", *options)

    def start(self) -> None:
        listen = f"-c listen_addresses= -c unix_socket_directories={self._folder} -c max_connections=400"
        self._run("pg_ctl", "--wait", f"--log={self._folder}/log", f"--options={listen}", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "--wait", f"--mode={mode}", "stop")

    def freeze(self) -> None:
        """Let nothing of the server run, as if its machine hung; connections stay open."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        pid = (self._folder / "data" / "postmaster.pid").read_text("ascii").split()[0]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        for one in (pid, *children):
            with suppress(ProcessLookupError):  # one that was about to end
                os.kill(int(one), number)

    def program(self, name: str) -> Path:
        """Return where Debian keeps one of PostgreSQL's programs."""
        return self._programs / name

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self._folder}/data", *arguments]
        done = subprocess.run(
            command,
            user=self._account,
            group=self._account,
            extra_groups=[] if self._account else None,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def quick_place() -> str:
    """Return the folder in memory where tools/test-folder lets tests keep their files, if it does."""
    return MEMORY if tempfile.gettempdir() == MEMORY else "/tmp"


@contextmanager
def running_server(place: str = "/tmp") -> Iterator[Server]:
    """Run a server until the block ends, and remove it.

    ``place``: a folder with a short path, for the socket's sake, in which the server's account may make its own.
    """
    folder = Path(tempfile.mkdtemp(prefix="ccm-postgresql-", dir=place))
    server = Server(folder)
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
