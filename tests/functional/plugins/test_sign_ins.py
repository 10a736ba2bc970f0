# SPDX-License-Identifier: MIT
"""What plugins do at a sign-in comes after it, stays whole when they fail, and reaches nobody else's documents."""

from sqlalchemy import select

from ccm_core.db import models as m
from ccm_core.testing.host import Tenant
from tests.functional.acts import account, enrol

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
NEW = "Sign-in from a new device"


def subjects(tenant: Tenant) -> list[str]:
    return [str(mail["Subject"]) for mail in tenant.mails("erika")]


def kept(tenant: Tenant) -> list[tuple[str, str, object]]:
    """Return plugin, key and value of each document of the instance."""
    s = m.store.c
    query = select(s.plugin, s.key, s.value).where(s.instance_id == tenant.instance.id).order_by(s.plugin)
    with tenant.host.parts.database.read() as connection:
        return [(row.plugin, row.key, row.value) for row in connection.execute(query)]


def test_what_a_listener_did_before_it_failed_is_whole_and_the_sign_in_stands(tenant: Tenant) -> None:
    tenant.activate("signedintells")
    for _ in range(2):
        assert tenant.browser("erika").path == "/"
    assert kept(tenant) == [("signedintells", "count", 2)]
    assert subjects(tenant) == ["Sign-in 1", "Sign-in 2"]
    admin = tenant.browser("admin")
    assert "it sent more than one notice of one event" in admin.get("/admin/plugins/signedintells").text


def test_a_section_sees_what_is_kept_of_the_user_whose_page_it_is(tenant: Tenant) -> None:
    tenant.activate("signedintells")
    tenant.browser("erika")
    erika, admin = tenant.browser("erika"), tenant.browser("admin")
    assert "Sign-ins: 2" in erika.get("/account").headings
    assert "Sign-ins: 1" in admin.get("/account").headings
    assert "Sign-ins: 2" in admin.get(f"/admin/users/{account(tenant).id}").headings


def test_a_listener_that_fails_keeps_no_other_from_telling(tenant: Tenant) -> None:
    for name in ("signedinraises", "signins"):
        tenant.activate(name)
    tenant.browser("erika")
    assert tenant.browser("erika", user_agent=FIREFOX).path == "/"
    assert subjects(tenant) == [NEW]


def test_each_plugin_has_documents_of_its_own(tenant: Tenant) -> None:
    for name in ("signedintells", "signins"):
        tenant.activate(name)
    tenant.browser("erika")
    found = kept(tenant)
    assert [(plugin, key) for plugin, key, _ in found] == [("signedintells", "count"), ("signins", "devices")]


def test_a_right_password_is_no_sign_in_while_the_code_is_owed(tenant: Tenant) -> None:
    for name in ("working", "signins"):
        tenant.activate(name)
    tenant.browser("erika")
    enrol(tenant, account(tenant), "working", b"word")
    thief = tenant.browser("erika", user_agent=FIREFOX)
    assert thief.path == "/login/challenge"
    thief.submit("/login/challenge", code="guess")
    assert subjects(tenant) == []
    thief.submit("/login/challenge", code="word")
    assert thief.path == "/"
    assert subjects(tenant) == [NEW]
