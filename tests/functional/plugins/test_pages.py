# SPDX-License-Identifier: MIT
"""Where the pages of plugins stand."""

from ccm_core.testing.host import Tenant


def test_a_page_without_a_path_of_its_own_stands_at_the_plugins_address(tenant: Tenant) -> None:
    tenant.activate("working")
    browser = tenant.browser("erika")
    for path in ("/plugins/working/", "/plugins/working"):
        browser.get(path)
        assert (browser.response.status_code, browser.path) == (200, path)
        assert "Working" in browser.page.headings
    for path in ("/plugins/twofactor/", "/plugins/nobody/", "/plugins/", "/login/"):
        assert browser.send("GET", path).status_code == 404
