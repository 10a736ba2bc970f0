# SPDX-License-Identifier: MIT
"""Every node delivers mails and tidies up: at the same moment, and still each thing is done once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.db.functions import BATCH
from ccm_core.services.instances import CLOUD
from ccm_core.services.outbox import LEASE_SECONDS, Mail, Outbox
from ccm_core.services.parts import Parts, assemble
from ccm_core.services.vault import Ring, new_key, write_ring
from tests.postgresql import Server

NODES, MAILS, OLD = 6, 200, 3500
NOW = 1_800_000_000.0


@pytest.fixture
def nodes(server: Server, tmp_path: Path) -> Iterator[list[Parts]]:
    """The services of some nodes, each with connections of its own, on one database with one instance."""
    settings = Settings(data_dir=tmp_path, database_url=server.database("together"))
    key_id, key = new_key()
    write_ring(settings.key_file, Ring({key_id: key}))
    made = [assemble(settings, lambda: NOW) for _ in range(NODES)]
    with made[0].database.write() as connection:
        m.metadata.create_all(connection)
    made[0].instances.add("ccm.example.org", CLOUD, None, NOW)
    yield made
    for parts in made:
        parts.database.dispose()


def at_once(nodes: list[Parts], act: Callable[[Parts], int]) -> list[int]:
    ready = threading.Barrier(len(nodes))

    def one(parts: Parts) -> int:
        ready.wait(30)
        return act(parts)

    with ThreadPoolExecutor(len(nodes)) as pool:
        return list(pool.map(one, nodes))


class Post:
    """A mail server that counts what it takes, of all nodes together."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    def send(self, mail: Mail) -> None:
        self.taken.append(mail.number)


def test_each_mail_goes_out_once_when_all_nodes_deliver(nodes: list[Parts]) -> None:
    post, instance = Post(), nodes[0].instances.get(None, NOW)
    with nodes[0].database.write() as connection:
        for number in range(MAILS):
            nodes[0].outbox.add(connection, instance.id, f"p{number}@example.org", "Hello", "text", None)
    outboxes = {id(p): Outbox(p.database, p.vault, lambda: NOW, post, "ccm.example.org") for p in nodes}
    sent = at_once(nodes, lambda parts: outboxes[id(parts)].deliver())
    assert (sum(sent), len(post.taken), set(Counter(post.taken).values())) == (MAILS, MAILS, {1})
    with nodes[0].database.read() as connection:
        rows = connection.execute(select(m.outbox.c.attempts, m.outbox.c.delivered_at.is_(None))).all()
    assert [tuple(row) for row in rows] == [(1, False)] * MAILS


def test_a_mail_of_a_node_that_died_goes_out_from_another_when_its_lease_is_over(nodes: list[Parts]) -> None:
    post, instance, now = Post(), nodes[0].instances.get(None, NOW), [NOW]
    with nodes[0].database.write() as connection:
        nodes[0].outbox.add(connection, instance.id, "erika@example.org", "Hello", "text", None)
    dying, other = (Outbox(p.database, p.vault, lambda: now[0], post, "ccm.example.org") for p in nodes[:2])
    assert len(dying._lease()) == 1
    assert (other.deliver(), post.taken) == (0, [])
    now[0] += LEASE_SECONDS + 1
    assert (other.deliver(), len(post.taken)) == (1, 1)


@pytest.fixture
def old(nodes: list[Parts]) -> None:
    """Rows of two kinds that are over, and one that is not."""
    instance = nodes[0].instances.get(None, NOW)
    entry = {"instance_id": instance.id, "event": "login.succeeded", "user_name": "erika", "actor": "", "network": ""}
    counter = {"count": 1, "blocked_until": 0, "started_at": 0, "free": 5, "longest": 60, "life": 60, "fixed": False}
    with nodes[0].database.write() as connection:
        connection.execute(insert(m.audit), [entry | {"at": 1.0, "detail": {}} for _ in range(OLD)])
        connection.execute(insert(m.audit), [entry | {"at": NOW, "detail": {}}])
        keys = [{"key": number.to_bytes(32, "big")} for number in range(OLD)]
        connection.execute(insert(m.throttle), [counter | key for key in keys])


def left(parts: Parts) -> list[int]:
    with parts.database.read() as connection:
        return [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (m.audit, m.throttle)]


@pytest.mark.usefixtures("old")
def test_all_nodes_tidy_up_at_once_and_delete_each_row_once(nodes: list[Parts]) -> None:
    deleted = at_once(nodes, lambda parts: parts.tidy.run(NOW))
    assert sum(deleted) == OLD
    assert left(nodes[0]) == [1, 0]


@pytest.mark.usefixtures("old")
def test_a_node_that_tidies_up_waits_for_no_other_and_does_not_do_its_work_again(nodes: list[Parts]) -> None:
    first, second = nodes[:2]
    with first.database.write() as connection:
        batch = first.audit.forget(connection, NOW)
        assert second.tidy.run(NOW) == OLD - batch
    assert batch == BATCH
    assert left(first) == [1, 0]
