# SPDX-License-Identifier: MIT
"""What several hostile tests look at: whether a browser is signed in, why a proof was refused."""

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from tests.functional.acts import events
from tests.functional.phone import Enrolled

CHALLENGE, UNLOCK = "/login/challenge", "/session/unlock"
NO_PENDING = "no pending login"


def state(browser: Browser) -> str:
    """Return how the browser's session stands: ``active``, ``locked`` or ``none``."""
    return str(browser.session()["state"])


def wrong(enrolled: Enrolled) -> str:
    """Return a code that the phone will show much later."""
    return enrolled.phone.code(steps=9)


def reasons(tenant: Tenant, name: str | None, event: str = "code.refused") -> list[object]:
    """Return why proofs of a user (None: of nobody) were refused, latest first."""
    return [entry["reason"] for entry in events(tenant, event) if entry["about"] == (name or "")]


def starts_again(browser: Browser) -> bool:
    """Whether the answer was the first dialog, with nobody signed in."""
    return (browser.path, state(browser), "ccm_session" in browser.cookies) == ("/login", "none", False)
