# SPDX-License-Identifier: MIT
"""Another process rotates the keys while people sign in: nobody is refused, open pages go on, the old key can go."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ccm_core.services.vault import read_ring
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Host, Tenant, running_host
from tests.functional.acts import SECRET, account, enrol
from tests.functional.phone import Phone
from tests.hostile.acts import CHALLENGE, state

PEOPLE = 36
THREADS = 4


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with running_host(tmp_path) as running:
        yield running


@pytest.mark.one_node("works on one node's folder or processes; tests/nodes does the like over two")
def test_while_keys_rotate_everybody_signs_in_and_open_pages_go_on(protected: Tenant) -> None:
    tenant, host = protected, protected.host
    names = [f"person{number}" for number in range(PEOPLE)]
    for name in names:
        tenant.add_user(name)
        enrol(tenant, account(tenant, name))
    first = read_ring(host.settings.key_file)
    open_page, waiting = tenant.browser("erika"), tenant.browser(names[0])
    open_page.get("/account")
    code = Phone(tenant, SECRET).code()

    def sign_in(name: str) -> Browser:
        browser = tenant.browser(name)
        browser.submit(CHALLENGE, code=code)
        return browser

    with ThreadPoolExecutor(THREADS) as pool:
        entered = pool.map(sign_in, names[1:])
        host.parts.keys.rotate()
        host.parts.keys.promote()
        signed_in = list(entered)
    assert {(browser.path, state(browser)) for browser in signed_in} == {("/", "active")}
    waiting.submit(CHALLENGE, code=code)
    assert state(waiting) == "active"
    host.deliver()
    host.parts.keys.drop()
    ring = read_ring(host.settings.key_file)
    assert len(ring.keys) == 1
    assert ring.primary not in first.keys
    open_page.submit("/account", first_name="Erika")
    assert open_page.page.alerts == ["Your data was saved."]
    assert {state(browser) for browser in signed_in} == {"active"}
    code = Phone(tenant, SECRET).next_code()
    assert state(sign_in(names[-1])) == "active"
