# SPDX-License-Identifier: MIT
"""A real host, and what the stories tell of: browsers, networks, mails, and a store in memory."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host

SUBJECT = "Sign-in from a new device"


@dataclass
class Memory:
    """The host's ``Store`` of one user, without a database; what is kept goes through JSON."""

    documents: dict[str, str] = field(default_factory=dict)

    def get(self, key: str) -> object | None:
        return json.loads(self.documents[key]) if key in self.documents else None

    def put(self, key: str, value: object) -> None:
        self.documents[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.documents.pop(key, None)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host that believes ``X-Forwarded-For``, so that tests can come from many networks."""
    with running_host(tmp_path_factory.mktemp("host"), workers=1, trusted_proxies="127.0.0.1") as running:
        yield running


@pytest.fixture
def empty(host: Host) -> Tenant:
    """A fresh instance with the user ``erika``, in which the plugin is installed and not active."""
    tenant = host.tenant()
    tenant.add_user("erika")
    return tenant


@pytest.fixture
def tenant(empty: Tenant) -> Tenant:
    """The instance, in which everybody has the plugin."""
    empty.activate("signins")
    return empty


SignIn = Callable[..., Browser]


@pytest.fixture
def sign_in() -> SignIn:
    """Let a user sign in with a new browser, of a kind and in a network, and return it."""

    def enter(tenant: Tenant, name: str = "erika", *, address: str = "192.0.2.7", **options: str) -> Browser:
        browser = tenant.browser(**options)
        browser.headers["X-Forwarded-For"] = address
        browser.log_in(name, PASSWORD)
        assert browser.path == "/"
        return browser

    return enter


@pytest.fixture
def told() -> Callable[..., list[str]]:
    """Return the texts of the notices that a user got, oldest first."""

    def texts(tenant: Tenant, name: str = "erika", subject: str = SUBJECT) -> list[str]:
        return [mail.get_content() for mail in tenant.mails(name) if mail["Subject"] == subject]

    return texts
