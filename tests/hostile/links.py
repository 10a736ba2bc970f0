# SPDX-License-Identifier: MIT
"""One valid link of every kind that travels by mail."""

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from tests.functional.acts import link_in

RESET, ACTIVATION, EMAIL = "/password/reset/", "/activate/", "/account/email/"


def mailed(tenant: Tenant, owner: Browser) -> dict[str, str]:
    """Return the paths of links that are valid now, by where they lead.

    The one to a new password is erika's, the one to a first password that of a user who is added here, and the one to
    a new address that of ``owner``, who has just signed in.
    """
    asking = tenant.browser()
    asking.get("/password/forgot")
    asking.submit("/password/forgot", username="erika")
    tenant.add_user("invited", password=None)
    owner.get("/account")
    owner.submit("/account/email", email="new@example.org")
    to = {RESET: "erika@example.org", ACTIVATION: "invited@example.org", EMAIL: "new@example.org"}
    found = {start: next(link_in(mail) for mail in tenant.mails(who)[::-1]) for start, who in to.items()}
    assert all(path.startswith(start) for start, path in found.items())
    return found
