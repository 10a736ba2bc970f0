# SPDX-License-Identifier: MIT
"""A host under test: a data directory, real server processes, and as many instances as there are tests."""

from __future__ import annotations

import email
import email.policy
import itertools
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import httpx

from ccm_core.app import create_app, node_metrics
from ccm_core.config import Settings, load
from ccm_core.services.accounts import ADMINISTRATOR, USER, Account
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts, assemble
from ccm_core.services.user_admin import Actor
from ccm_core.services.vault import Ring, new_key, write_ring
from ccm_core.testing.browser import Browser
from ccm_core.testing.clock import SharedClock
from ccm_core.testing.databases import create_tables, database_url
from ccm_core.testing.hashes import QUICK, RememberedHashes
from ccm_core.testing.nodes import PROXY, Node, Run, two_nodes
from ccm_core.testing.server import SERVING, client_of, client_of_app, client_of_each_worker, free_port, server
from ccm_core.testing.serving import CLOCK_FILE, search_path

PASSWORD = "correct horse battery staple"  # noqa: S105 - of made-up users
_POLLS = 600


@dataclass(frozen=True)
class Tenant:
    """One instance of the host under test, as fresh as a new installation."""

    host: Host
    name: str

    @property
    def origin(self) -> str:
        """Where browsers find it."""
        return self.host.settings.origin_of(self.name)

    @property
    def instance(self) -> Instance:
        """The instance as the services see it now."""
        return self.host.parts.instances.get(self.name, self.host.clock())

    def add_user(self, name: str = "erika", *, admin: bool = False, password: str | None = PASSWORD) -> Account:
        """Add a user with a password, or with an activation mail."""
        role = ADMINISTRATOR if admin else USER
        now, mail = self.host.clock(), f"{name.casefold().replace(' ', '.')}@example.org"
        return self.host.parts.users.add(self.instance, name, mail, role, now, Actor(), password=password)

    def browser(self, name: str | None = None, password: str = PASSWORD, **options: str) -> Browser:
        """Return a new browser; with a name, that user has taken the first step of the login."""
        browser = Browser(self.origin, self.host.client, clock=self.host.clock, **options)
        if name is not None:
            browser.log_in(name, password)
        return browser

    def activate(self, plugin: str, *, everyone: bool = True) -> None:
        """Activate a plugin, as an administrator would."""
        parts, now = self.host.parts, self.host.clock()
        parts.plugins.activate(self.instance, plugin, now, Actor())
        if everyone:
            parts.access.allow(self.instance, plugin, now, Actor())

    def mails(self, to: str = "") -> list[EmailMessage]:
        """Return the mails of this instance that went out, oldest first, after everything due was delivered."""
        self.host.deliver()
        found = []
        for path in sorted(self.host.settings.mail_dir.glob("[0-9]*.eml")):
            with path.open("rb") as file:
                message = email.message_from_binary_file(file, policy=email.policy.default)
            if self.origin in message.get_content() and to in str(message["To"]):
                found.append(message)
        return found


class Host:
    """A running host; made by ``running_host``."""

    def __init__(
        self,
        settings: Settings,
        clock: SharedClock,
        parts: Parts,
        port: int,
        client: httpx.Client,
        workers: int,
        nodes: Sequence[Node] = (),
        serving: Parts | None = None,
    ) -> None:
        self.client = client
        self.nodes = nodes
        self.serving = serving
        """The services behind the pages, if these are answered in this process."""
        self.settings = settings
        self.clock = clock
        self.parts = parts
        self.port = port
        self._workers = workers
        self._numbers = itertools.count(1)

    def tenant(self, *, plan: str | None = None) -> Tenant:
        """Create a fresh instance."""
        name = f"t{next(self._numbers)}.localhost"
        self.parts.instances.add(name, CLOUD, plan, self.clock())
        return Tenant(self, name)

    def client_of_each_worker(self) -> AbstractContextManager[list[httpx.Client]]:
        """Return a block's clients, one for every worker process or node: ``browser.client`` takes one."""
        return client_of_each_worker([node.port for node in self.nodes] or [self.port], self._workers)

    def deliver(self) -> None:
        """Deliver what is due, and wait for what a server process is delivering at this moment."""
        wait = threading.Event()
        for _ in range(_POLLS):
            self.parts.outbox.deliver()
            if not self.parts.outbox.undelivered(self.clock() + 1):
                return
            wait.wait(0.02)
        raise AssertionError("mails stay undelivered")


@contextmanager
def running_host(
    folder: Path,
    *,
    workers: int = 2,
    plugin_path: Sequence[Path] = (),
    installed: bool = True,
    environment: Mapping[str, str] | None = None,
    program: str = SERVING,
    in_process: bool = False,
    proxy: Path | None = None,
    **settings: str,
) -> Iterator[Host]:
    """Run a host on a folder, which may hold the data of an earlier one; ``settings`` are named without prefix.

    Plugins are looked for in ``plugin_path`` and, if ``installed``, wherever Python finds packages. ``environment``
    is added to the server processes' own; ``program`` is the module that they run. ``in_process``: one
    application of this process answers in their place, for tools that look into it. ``proxy``: a configuration of
    nginx, by which two nodes run, each with so many workers, and nginx in front of them.
    """
    port = free_port()
    own = {"CCM_DATA_DIR": str(folder), "CCM_BASE_URL": f"http://127.0.0.1:{port}"}
    own["CCM_DATABASE_URL"] = database_url(folder)
    own |= {f"CCM_{name.upper()}": value for name, value in settings.items()}
    loaded = load(own)
    _make_keys(loaded)
    clock = SharedClock(folder / CLOCK_FILE)
    paths = [str(path) for path in plugin_path]
    parts = assemble(loaded, clock, plugin_path=search_path(paths, installed=installed), hasher=RememberedHashes())
    parts.database.prepare()
    create_tables(parts.database)
    own = {**(environment or {}), **own}
    with ExitStack() as stack:
        stack.callback(parts.database.dispose)
        nodes: tuple[Node, ...] = ()
        serving: Parts | None = None
        if in_process:
            own_path, new_metrics = search_path(paths, installed=installed), node_metrics(loaded, workers=1)
            hasher = RememberedHashes() if os.environ.get(QUICK) else None
            serving = assemble(loaded, clock, plugin_path=own_path, new_metrics=new_metrics, hasher=hasher)
            client = stack.enter_context(client_of_app(create_app(loaded, clock, serving)))
        else:
            run = partial(server, workers=workers, plugin_path=paths, installed=installed, program=program)
            nodes = stack.enter_context(_served(proxy or _usual_proxy(), port, own, run))
            client = stack.enter_context(client_of(port))
        yield Host(loaded, clock, parts, port, client, workers, nodes, serving)


def _usual_proxy() -> Path | None:
    return Path(os.environ[PROXY]) if PROXY in os.environ else None


@contextmanager
def _served(proxy: Path | None, port: int, environment: Mapping[str, str], run: Run) -> Iterator[tuple[Node, ...]]:
    """Serve at a port: one node itself, or nginx with two nodes behind it, which are returned."""
    if proxy is None:
        with run(port, environment=environment):
            yield ()
        return
    with two_nodes(proxy, port, environment, run) as nodes:
        yield nodes


def _make_keys(settings: Settings) -> None:
    if not settings.key_file.exists():
        key_id, key = new_key()
        write_ring(settings.key_file, Ring({key_id: key}))
