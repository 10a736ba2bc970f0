# SPDX-License-Identifier: MIT
"""Mailed links: one purpose, one use, the newest only, kept as a hash."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select

from ccm_core.db import models as m
from ccm_core.errors import NotFound
from ccm_core.services import mailed_links
from ccm_core.services.accounts import Account
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.tokens import token_hash
from ccm_core.services.user_admin import Actor

NOW = 1_800_000_000.0


@pytest.fixture
def otto(parts: Parts, instance: Instance) -> Account:
    """A user who was added before the links of a test."""
    return parts.users.add(instance, "otto", "otto@example.org", "user", NOW - 1_000_000, Actor())


@pytest.fixture
def connection(parts: Parts, otto: Account) -> Iterator[Connection]:
    with parts.database.write() as opened:
        yield opened


def create(connection: Connection, user: Account, kind: mailed_links.Kind = "reset", now: float = NOW) -> str:
    return mailed_links.create(connection, kind, user.instance_id, user.id, now, 3600)


def works(
    connection: Connection, user: Account, token: str, kind: mailed_links.Kind = "reset", now: float = NOW
) -> bool:
    try:
        return mailed_links.find(connection, kind, user.instance_id, token, now).user_id == user.id
    except NotFound:
        return False


def test_a_link_works_until_its_time_for_its_purpose_alone(connection: Connection, otto: Account) -> None:
    token = create(connection, otto)
    assert len(token) == 43
    assert works(connection, otto, token, now=NOW + 3599)
    assert not works(connection, otto, token, now=NOW + 3600)
    assert not works(connection, otto, token, "activation")
    assert not works(connection, otto, token, "email")
    for made_up in ("", token[:-1], token + "x", token.swapcase(), "\0", "\ud800"):
        assert not works(connection, otto, made_up)
    with pytest.raises(NotFound):
        mailed_links.find(connection, "reset", otto.instance_id + 1, token, NOW)


def test_a_link_is_kept_as_its_hash(connection: Connection, otto: Account) -> None:
    token = create(connection, otto)
    kept = connection.execute(select(m.mailed_link.c.token_hash).where(m.mailed_link.c.user_id == otto.id)).scalars()
    assert token_hash(token) in set(kept)


def test_only_the_newest_of_a_kind_works(connection: Connection, otto: Account) -> None:
    first, email, second = create(connection, otto), create(connection, otto, "email"), create(connection, otto)
    assert (works(connection, otto, first), works(connection, otto, second)) == (False, True)
    assert works(connection, otto, email, "email")


def test_a_link_is_used_up_once(connection: Connection, otto: Account) -> None:
    token = create(connection, otto)
    link = mailed_links.find(connection, "reset", otto.instance_id, token, NOW)
    mailed_links.use(connection, link)
    with pytest.raises(NotFound):
        mailed_links.use(connection, link)
    assert not works(connection, otto, token)


def test_the_address_that_waits_is_the_one_of_the_newest_link_for_an_address(
    connection: Connection, otto: Account
) -> None:
    def waiting(now: float) -> str | None:
        query = select(mailed_links.PENDING_EMAIL).where(m.user.c.id == otto.id)
        return connection.execute(query, {"now": now}).scalar()

    create(connection, otto)
    assert waiting(NOW) is None
    for address in ("old@example.org", "new@example.org"):
        mailed_links.create(connection, "email", otto.instance_id, otto.id, NOW, 3600, address)
    assert waiting(NOW + 3599) == "new@example.org"
    assert waiting(NOW + 3600) is None


def test_links_are_counted_by_kind_also_those_that_a_newer_one_ended(connection: Connection, otto: Account) -> None:
    for after in (0, 10, 20):
        create(connection, otto, now=NOW + after)
    create(connection, otto, "email", NOW + 20)
    assert mailed_links.recent(connection, otto.id, "reset", NOW - 1) == 3
    assert mailed_links.recent(connection, otto.id, "reset", NOW) == 2
    assert mailed_links.recent(connection, otto.id, "email", NOW) == 1
    assert mailed_links.recent(connection, otto.id + 1, "reset", NOW - 1) == 0


def test_what_ends_every_link_leaves_the_one_that_activates_an_account(connection: Connection, otto: Account) -> None:
    reset, email, activation = (create(connection, otto, kind) for kind in ("reset", "email", "activation"))
    mailed_links.end(connection, otto.id, NOW)
    assert not works(connection, otto, reset)
    assert not works(connection, otto, email, "email")
    assert works(connection, otto, activation, "activation")


def test_links_that_ran_out_are_forgotten_a_day_later(connection: Connection, otto: Account) -> None:
    create(connection, otto)
    links = m.mailed_link

    def left(now: float) -> int:
        mailed_links.forget(connection, now)
        return len(connection.execute(select(links.c.id).where(links.c.created_at == NOW)).all())

    assert (left(NOW + 3600), left(NOW + 86400), left(NOW + 86401)) == (1, 1, 0)
