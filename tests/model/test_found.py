# SPDX-License-Identifier: MIT
"""Where product and model once disagreed: each story by itself, over HTTP against the real server."""

import pytest

from ccm_core.services.user_admin import Actor
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from tests.functional.acts import account, enrol

PLUGIN, CONSOLE = "twofactor", Actor()


@pytest.fixture
def void(protected: Tenant) -> Browser:
    """A session of a time at which the plugin was not active: since it is, a code is asked that this one never gave."""
    parts, clock = protected.host.parts, protected.host.clock
    enrol(protected, account(protected))
    parts.plugins.deactivate(protected.instance, PLUGIN, clock(), CONSOLE)
    browser = protected.browser("erika")
    protected.activate(PLUGIN)
    assert browser.session()["state"] == "none"
    return browser


@pytest.mark.parametrize("page", ["its own page", "the login page"])
def test_logging_out_ends_a_session_also_while_it_does_not_count(void: Browser, protected: Tenant, page: str) -> None:
    copy = protected.browser()
    copy.cookies = dict(void.cookies)
    if page == "the login page":
        token = void.get("/login").form("/login").fields["page_token"]
        void.post("/logout", {"page_token": token})
    else:
        void.submit("/logout")
    assert void.path.startswith("/login")
    assert "ccm_session" not in void.cookies
    parts, clock = protected.host.parts, protected.host.clock
    parts.plugins.deactivate(protected.instance, PLUGIN, clock(), CONSOLE)
    assert copy.session()["state"] == "none"
