# SPDX-License-Identifier: MIT
"""A mailed link's token stands in the path; neither the audit trail nor the log keeps it."""

import pytest

from ccm_core.testing.host import Tenant
from tests.functional.acts import events

TOKEN = "a-token-of-a-mailed-link-that-nobody-may-read"


@pytest.mark.parametrize("page", ["/password/reset", "/activate", "/account/email"])
def test_a_refused_form_of_a_mailed_link_leaves_no_token_behind(tenant: Tenant, page: str) -> None:
    browser = tenant.browser("erika")
    browser.send("POST", f"{page}/{TOKEN}", data={"page_token": "wrong"})
    (refused,) = events(tenant, "request.refused")
    assert refused["path"] == f"{page}/…"
    assert TOKEN not in (tenant.host.settings.data_dir / "server.log").read_text("utf-8")
