# SPDX-License-Identifier: MIT
"""Debian's Chromium, one host with two worker processes, and a fresh instance for every test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from ccm_core.testing.host import Host, Tenant, running_host
from tests.browser.phone import Phone
from tests.browser.window import TIMEOUT, WIDE, Watched, Window, new_window

PLAIN = "plain.test"
"""A host name that browsers do not trust without https, unlike ``localhost``."""
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    f"--host-resolver-rules=MAP {PLAIN} 127.0.0.1",
]


@pytest.fixture(scope="module")  # not longer: a process can run only one Playwright, and plugins' tests run their own
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Chromium is missing: apt-get install chromium"
    expect.set_options(timeout=TIMEOUT)
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with running_host(tmp_path_factory.mktemp("host")) as running:
        yield running


@pytest.fixture
def tenant(host: Host) -> Tenant:
    """A fresh instance with the administrator ``admin`` and the user ``erika``."""
    host.clock.to_step_start()
    fresh = host.tenant()
    fresh.add_user("admin", admin=True)
    fresh.add_user("erika")
    return fresh


@pytest.fixture
def phone(host: Host) -> Phone:
    return Phone(host.clock)


@pytest.fixture
def open_window(chromium: Browser, tenant: Tenant) -> Iterator[Callable[..., Window]]:
    """Open a window of a browser of its own; at the end none may have complained about anything."""
    opened: list[Window] = []

    def open_one(language: str = "en", width: int = WIDE, **options: Any) -> Window:
        window = new_window(chromium, tenant.origin, language, width, **options)
        opened.append(window)
        return window

    yield open_one
    for window in opened:
        window.context.close()
    assert [window.watched for window in opened] == [Watched()] * len(opened)
