# SPDX-License-Identifier: MIT
"""A password hash that was made with lower settings is replaced where its password is accepted, and only there."""

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from ccm_core.db import models as m
from ccm_core.services.accounts import Account
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.proofs import Denied
from ccm_core.services.sessions import Session
from ccm_core.services.user_admin import Actor
from tests.unit.services.test_login import CLIENT, PASSWORD, bind

WEAK = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)


@pytest.fixture
def parts(with_working: Parts) -> Parts:
    """The services with a plugin whose code is a word."""
    return with_working


@pytest.fixture
def karl(parts: Parts, instance: Instance) -> Account:
    """A user without a second factor; a colleague has the same password. Their hashes are weak."""
    karl, _ = (
        parts.users.add(instance, name, f"{name}@example.org", "user", parts.clock(), Actor(), password=PASSWORD)
        for name in ("karl", "otto")
    )
    with parts.database.write() as connection:
        connection.execute(update(m.user).values(password_hash=WEAK))
    return karl


def hashes(parts: Parts, instance: Instance) -> dict[str, str | None]:
    users = (parts.users.find(instance, name) for name in ("karl", "otto"))
    return {user.name: user.password_hash for user in users if user}


def signed_in(parts: Parts, instance: Instance, user: Account, now: float) -> tuple[Instance, Session]:
    """Return the instance as it is now, and a session, of all factors, that is looked at then."""
    fresh = parts.instances.get(instance.host, now)
    passed = next((row.id for row in parts.factors.ledger.confirmed(user.id)), None)
    with parts.database.write() as connection:
        token = parts.sessions.create(connection, fresh, user, passed, CLIENT, parts.clock())
    session = parts.sessions.look(token, fresh, now)
    assert session is not None
    return fresh, session


@pytest.mark.parametrize("act", ["login", "unlock", "confirmation"])
def test_a_weak_hash_is_replaced_wherever_its_password_is_accepted(
    parts: Parts, instance: Instance, karl: Account, act: str
) -> None:
    now = parts.clock() + (parts.settings.session_idle_seconds if act == "unlock" else 0)
    fresh, session = signed_in(parts, instance, karl, now)
    if act == "login":
        parts.logins.password(fresh, "karl", PASSWORD, CLIENT, now)
    elif act == "unlock":
        parts.unlocks.unlock(fresh, session, PASSWORD, CLIENT, now, page_proof=True)
    else:
        parts.confirmations.confirm(fresh, session, PASSWORD, "", "", CLIENT, now)
    after = hashes(parts, instance)
    assert (after["karl"] or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert after["otto"] == WEAK
    parts.logins.password(fresh, "karl", PASSWORD, CLIENT, now)
    assert hashes(parts, instance) == after


def test_a_refused_confirmation_keeps_no_hash_since_the_password_may_be_another_by_then(
    parts: Parts, instance: Instance, karl: Account
) -> None:
    bind(parts, instance, karl, "working")
    fresh, session = signed_in(parts, instance, karl, parts.clock())
    with pytest.raises(Denied) as denied:
        parts.confirmations.confirm(fresh, session, PASSWORD, "working", "wrong", CLIENT, parts.clock())
    assert hashes(parts, instance)["karl"] == WEAK
    assert denied.value.guess
