# SPDX-License-Identifier: MIT
"""kill -9 before and after every commit of a change: it is whole or absent afterwards, and can be made if it is not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from ccm_core.db import models as m
from ccm_core.services.hashing import Argon2Cffi
from ccm_core.services.outbox import LEASE_SECONDS
from ccm_core.services.passwords import Passwords
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from ccm_core.testing.server import server
from tests.functional.acts import account, approve, events, link_in
from tests.functional.phone import DISABLE, SETUP, Phone, begin_setup, enrol
from tests.hostile.crashing import PROGRAM, FaultPoint

NEW = "a quite different staple"
ROOT = Path(__file__).resolve().parents[2]
CHALLENGE = "/login/challenge"
Act = Callable[[], Browser]
Prepared = tuple[Act, Callable[[], None]]
"""The change; and what must be refused once it is made."""


class Machine:
    """A host whose server is killed at a commit, and started anew on what it left."""

    def __init__(self, host: Host, servers: ExitStack) -> None:
        self.host = host
        self._servers = servers
        self._fault = FaultPoint(host.settings.data_dir)

    def killed(self, number: int, *, after: bool, act: Callable[[], object], mail: bool = False) -> bool:
        """Act, and be killed at a commit; returns False when there were fewer, and nobody was killed."""
        self._fault.set(number, after=after, mail=mail)
        try:
            act()
        except httpx.TransportError:
            environment = {"CCM_DATA_DIR": str(self.host.settings.data_dir)}
            environment |= {"CCM_DATABASE_URL": self.host.settings.database_url}
            environment |= {"CCM_BASE_URL": self.host.settings.base_url, "PYTHONPATH": str(ROOT)}
            self._servers.enter_context(server(self.host.port, 1, environment, program=PROGRAM))
            return True
        finally:
            self._fault.set(0, after=False)
        return False


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    environment = {"PYTHONPATH": str(ROOT)}
    with running_host(tmp_path, workers=1, program=PROGRAM, environment=environment) as host, ExitStack() as servers:
        yield Machine(host, servers)


def fresh(host: Host) -> Tenant:
    """Return a new instance, at a time at which nobody waits any more for mails that a killed process was sending."""
    host.clock.move(LEASE_SECONDS + 1)
    tenant = host.tenant()
    tenant.add_user("admin", admin=True)
    tenant.add_user("erika")
    tenant.activate("twofactor")
    host.clock.to_step_start()
    return tenant


def facts(tenant: Tenant) -> dict[str, object]:
    """Return what a change can change, but for counters and what an administrator proves before it."""
    user, instance = account(tenant), tenant.instance
    mine, o = m.session.c.user_id == user.id, m.outbox.c
    with tenant.host.parts.database.read() as connection:
        sessions = connection.execute(select(func.count()).where(mine)).scalar_one()
        mails = connection.execute(select(o.kind, o.subject).where(o.instance_id == instance.id).order_by(o.id)).all()
        confirmed = select(func.count()).where(m.enrolment.c.user_id == user.id, m.enrolment.c.confirmed)
        factors = connection.execute(confirmed).scalar_one()
    return {
        "sessions": sessions,
        "mails": [(kind, subject.replace(tenant.name, "")) for kind, subject in mails],
        "factors": factors,
        "active": sorted(instance.active),
        "new password": Passwords(1, 8, Argon2Cffi()).verify(user.password_hash, NEW),
        "trail": sorted(str(entry["event"]) for entry in events(tenant) if entry["about"] != "admin"),
    }


def nothing() -> None:
    """There is nothing to be refused afterwards."""


def password(tenant: Tenant) -> Prepared:
    browser = tenant.browser()
    browser.get("/login")
    page = browser.page

    def act() -> Browser:
        browser.page = page
        browser.submit("/login", username="erika", password=PASSWORD)
        return browser

    return act, nothing


def code(tenant: Tenant) -> Prepared:
    phone = enrol(tenant, "erika").phone
    typed = phone.next_code()
    return partial(sign_in, tenant, typed), partial(refused, tenant, typed)


def enable(tenant: Tenant) -> Prepared:
    browser = tenant.browser("erika")
    phone = begin_setup(tenant, browser)
    page, typed = browser.page, phone.code()

    def act() -> Browser:
        browser.page = page
        browser.submit(SETUP, code=typed)
        return browser

    return act, partial(refused, tenant, typed)


def disable(tenant: Tenant) -> Prepared:
    enrolled = enrol(tenant, "erika")
    typed = enrolled.phone.next_code()
    enrolled.browser.get(DISABLE)
    page = enrolled.browser.page

    def act() -> Browser:
        enrolled.browser.page = page
        enrolled.browser.submit(DISABLE, code=typed)
        return enrolled.browser

    return act, nothing


def reset(tenant: Tenant) -> Prepared:
    enrol(tenant, "erika")
    asking = tenant.browser()
    asking.get("/password/forgot")
    asking.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])

    def act() -> Browser:
        browser = tenant.browser()
        browser.get(link)
        browser.submit(link, new_password=NEW, repeat_password=NEW)
        return browser

    def dead() -> None:
        assert tenant.browser().get(link).headings == ["This link does not work any more"]

    return act, dead


def deactivate(tenant: Tenant) -> Prepared:
    enrol(tenant, "erika")

    def act() -> Browser:
        admin = tenant.browser("admin")  # the id that a confirmation gives may be lost on its way
        admin.get("/admin/plugins/twofactor")
        approve(admin, "/admin/plugins/twofactor/deactivate")
        return admin

    return act, nothing


def activate(tenant: Tenant) -> Prepared:
    act, _ = deactivate(tenant)
    admin = act()
    admin.get("/admin/plugins/twofactor")
    page = admin.page

    def again() -> Browser:
        admin.page = page
        admin.submit("/admin/plugins/twofactor/activate")
        return admin

    return again, nothing


def mailed(tenant: Tenant) -> list[Path]:
    """Return the mails of an instance that the server has delivered."""
    folder, sender = tenant.host.settings.mail_dir, tenant.name.encode()
    return [path for path in folder.glob("[0-9]*.eml") if sender in path.read_bytes()]


def poll(reached: Callable[[], bool]) -> bool:
    """Whether something comes true within 10 seconds."""
    wait = threading.Event()
    return any(reached() or wait.wait(0.05) for _ in range(200))


def sign_in(tenant: Tenant, typed: str) -> Browser:
    browser = tenant.browser("erika")
    browser.submit(CHALLENGE, code=typed)
    return browser


def refused(tenant: Tenant, typed: str) -> None:
    assert sign_in(tenant, typed).session()["state"] == "none"


CHANGES = {
    "password": password,
    "code": code,
    "enable": enable,
    "disable": disable,
    "reset": reset,
    "deactivate": deactivate,
    "activate": activate,
}


@pytest.mark.one_node("works on one node's folder or processes; tests/nodes does the like over two")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_a_kill_interrupts_is_whole_or_absent(machine: Machine, change: str, after: bool) -> None:
    example = fresh(machine.host)
    CHANGES[change](example)[0]()
    whole, kills = facts(example), 0
    for number in count(1):
        tenant = fresh(machine.host)
        act, dead = CHANGES[change](tenant)
        before = facts(tenant)
        if not machine.killed(number, after=after, act=act):
            break
        kills += 1
        found = facts(tenant)
        assert found in (before, whole)
        if found == before:
            act()
        assert facts(tenant) == whole
        dead()
    assert kills >= 1
    assert facts(tenant) == whole


@pytest.mark.one_node("works on one node's folder or processes; tests/nodes does the like over two")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_no_notice_is_lost_when_its_delivery_is_killed(machine: Machine, after: bool) -> None:
    for number in count(1):
        tenant = fresh(machine.host)
        browser = tenant.browser("erika")
        phone = begin_setup(tenant, browser)

        def delivered(browser: Browser = browser, phone: Phone = phone, tenant: Tenant = tenant) -> None:
            browser.submit(SETUP, code=phone.code())
            poll(lambda: browser.send("GET", "/healthz").is_success and len(mailed(tenant)) == 1)

        if not machine.killed(number, after=after, act=delivered, mail=True):
            break
        machine.host.clock.move(LEASE_SECONDS + 1)
        assert poll(lambda tenant=tenant: len(mailed(tenant)) == 1)
    assert number > 1
