# SPDX-License-Identifier: MIT
"""What every plugin promises: it is found, it keeps to the border, it leaves no trace where it is not wanted."""

from __future__ import annotations

from typing import ClassVar

from ccm_core.plugin_manager.discovery import PluginRecord
from ccm_core.services.user_admin import Actor
from ccm_core.testing.browser import Browser
from ccm_core.testing.failing_hooks import broken_hooks
from ccm_core.testing.fresh_process import load_apart
from ccm_core.testing.host import Host, Tenant
from ccm_core.testing.html_faults import faults_of
from ccm_core.testing.plugin_sources import (
    files_that_run_with_python,
    forbidden_imports,
    home_of,
    keeps_something,
    texts_of_templates,
    texts_of_values,
    untranslated,
)
from ccm_core.testing.plugin_state import address, kept, looks, routes_of, same
from ccm_core.testing.serving import WORKER_HEADER


def demand(wrong: object, clause: str, mend: str) -> None:
    """Fail, naming clause and mend, if something is wrong; what it is stands between them."""
    if wrong:
        shown = "; ".join(map(str, wrong)) if isinstance(wrong, list) else str(wrong)
        raise AssertionError(f"{clause} {shown}. {mend}")


class PluginContract:
    """Subclass it as ``class TestContract(PluginContract)`` and name the plugin.

    Override ``use`` with what makes the plugin keep something of a user, if it keeps anything.
    """

    plugin: ClassVar[str]

    def use(self, browser: Browser) -> None:
        """Use the plugin as a signed-in user does, so that it keeps what it keeps."""

    def test_it_is_found_and_described_without_being_imported(self, ccm_host: Host) -> None:
        """Administrators see what a plugin is before any of its code runs."""
        record = self._record(ccm_host)
        missing = [name for name in ("version", "summary", "requires_host") if not getattr(record, name)]
        mend = "Name version, description and «ccm-core>=1,<2» among the dependencies in pyproject.toml."
        demand(missing, "A plugin is described by its metadata; missing:", mend)
        demand(record.problem, "A plugin can be used as its metadata stands:", "See the sentence.")
        imported = load_apart(self.plugin).imported
        demand(imported, "Finding a plugin imports nothing of it, but:", "Import it nowhere else.")

    def test_it_loads_clean(self, ccm_host: Host) -> None:
        """Loading has no effect but that the hooks are there."""
        self._record(ccm_host)
        loaded = load_apart(self.plugin)
        demand(loaded.reason, "A plugin loads:", "See the sentence.")
        mend = "Do nothing at import: no output, no warning, no thread. Do it when a hook is called, or log."
        demand(loaded.output, "A plugin says nothing while it is loaded, but:", mend)
        demand(loaded.warnings, "A plugin is loaded without warnings, but:", mend)
        demand(loaded.threads, "A plugin starts no threads while it is loaded; started:", mend)
        notes = list(ccm_host.parts.registry.get(self.plugin).notes)
        demand(notes, "A plugin uses nothing that will go, but:", "Do what the sentence says.")

    def test_it_imports_only_the_public_api(self, ccm_host: Host) -> None:
        """Whatever else a plugin takes from the host may be gone in the next release."""
        mend = "Import from ccm_core.plugin_api alone (tests: also from ccm_core.testing)."
        demand(forbidden_imports(home_of(self._record(ccm_host))), "A plugin imports only the public API, but:", mend)

    def test_installed_but_not_active_it_changes_nothing(self, ccm_host: Host, ccm_bare_host: Host) -> None:
        """Every page is the same to the byte as where the plugin is not installed, also if others use it."""
        files = files_that_run_with_python(self._record(ccm_host))
        demand(files, "An inactive plugin runs no code, but Python runs at every start:", "Leave these files out.")
        elsewhere, _ = self._user(ccm_host)
        self._allow_another(elsewhere)
        routes = routes_of(elsewhere, self.plugin)
        paths = ["/login", "/password/forgot", "/", "/account", "/session", "/nowhere", f"/plugins/{self.plugin}/"]
        paths += [address(self.plugin, route) for route in routes]
        ccm_bare_host.clock.move(ccm_host.clock() - ccm_bare_host.clock())  # pages show times
        with_it, without = (_answers(host, paths) for host in (ccm_host, ccm_bare_host))
        different = [path for path in with_it if with_it[path] != without[path]]
        mend = "Change nothing of the host: only hooks of an active plugin may do anything."
        demand(different, "An inactive plugin leaves every page as it is, but these differ:", mend)

    def test_its_pages_are_unknown_where_it_is_inactive_or_not_allowed(self, ccm_host: Host) -> None:
        """Nobody reaches a page of a plugin that he may not use."""
        tenant, browser = self._user(ccm_host)
        for situation in ("inactive", "not allowed"):
            if situation == "not allowed":
                self._allow_another(tenant)
            browser.get("/account")
            token = browser.page.form("/logout").fields["page_token"]
            found = []
            for route in routes_of(tenant, self.plugin):
                data = {"page_token": token} if route.method == "POST" else None
                answer = browser.send(route.method, address(self.plugin, route), data=data)
                if answer.status_code != 404:
                    found.append(f"{route.method} {route.path} answers {answer.status_code}")
            demand(found, f"Pages of a plugin that is {situation} answer 404, but:", "Serve pages by ccm_pages alone.")

    def test_what_it_keeps_outlives_a_deactivation(self, ccm_host: Host) -> None:
        """An administrator can switch a plugin off for an hour without anybody losing anything."""
        tenant, browser = self._user(ccm_host, active=True)
        self.use(browser)
        before, saw = kept(tenant, self.plugin), browser.get("/account").text
        unused = keeps_something(home_of(self._record(ccm_host))) and not before
        mend = "Override use() with what makes the plugin keep something of a user."
        demand("nothing was kept" if unused else "", "The plugin keeps something of its users, but in this test", mend)
        parts, now = tenant.host.parts, tenant.host.clock()
        parts.plugins.deactivate(tenant.instance, self.plugin, now, Actor())
        parts.plugins.activate(tenant.instance, self.plugin, now, Actor())
        lost = [] if kept(tenant, self.plugin) == before else ["rows are not what they were"]
        lost += [] if same(browser.get("/account").text) == same(saw) else ["the account page is not what it was"]
        demand(lost, "What a plugin keeps outlives a deactivation, but:", "Keep it in the store or the ledger only.")

    def test_what_it_keeps_of_a_user_goes_with_the_user(self, ccm_host: Host) -> None:
        """A new user of the same name, and a user from whom the plugin was revoked, are strangers to it."""
        tenant, browser = self._user(ccm_host, active=True)
        fresh = self._looks(tenant, browser)
        self.use(browser)
        parts, now = tenant.host.parts, tenant.host.clock()
        user = parts.users.find(tenant.instance, "erika")
        assert user is not None
        parts.access.select_users(tenant.instance, self.plugin, now, Actor())
        parts.access.revoke(tenant.instance, self.plugin, user.id, now, Actor())
        mend = "Keep everything of users in the store or the ledger: no files, no variables of a module."
        demand(list(kept(tenant, self.plugin)), "A revocation removes what was kept, but not in:", mend)
        parts.access.allow(tenant.instance, self.plugin, now, Actor())
        seen = self._different(fresh, tenant)
        demand(seen, "After a revocation a user is new to the plugin, but these pages tell otherwise:", mend)
        self.use(tenant.browser("erika"))
        parts.users.remove(tenant.instance, user.id, now, Actor())
        demand(list(kept(tenant, self.plugin)), "Deleting a user removes what was kept, but not in:", mend)
        tenant.add_user("erika")
        seen = self._different(fresh, tenant)
        demand(seen, "A new user of an old name is new to the plugin, but these pages tell otherwise:", mend)

    def test_a_purge_leaves_nothing(self, ccm_host: Host) -> None:
        """After it the instance is as if the plugin had never been there."""
        tenant, browser = self._user(ccm_host, active=True)
        fresh = self._looks(tenant, browser)
        self.use(browser)
        parts, now = tenant.host.parts, tenant.host.clock()
        parts.plugins.deactivate(tenant.instance, self.plugin, now, Actor())
        parts.plugins.purge(tenant.instance, self.plugin, now, Actor())
        mend = "Keep everything in the store, the ledger or the settings."
        demand(list(kept(tenant, self.plugin)), "A purge removes every row of a plugin, but not in:", mend)
        tenant.activate(self.plugin)
        seen = self._different(fresh, tenant)
        demand(seen, "After a purge nothing is known, but these pages tell otherwise:", mend)

    def test_a_hook_that_fails_costs_its_own_part_alone(self, ccm_inner_host: Host) -> None:
        """Whatever goes wrong in one hook, the host does what its documentation says, and the other hooks go on."""
        tenant, _ = self._user(ccm_inner_host, active=True)
        found = broken_hooks(tenant, self.plugin, self.use)
        mend = "Let no hook rely on another one having been called."
        demand(found, "A hook that fails costs its own part alone, but:", mend)

    def test_its_texts_are_translated_and_its_templates_can_be_read(self, ccm_host: Host) -> None:
        """Everybody reads the plugin in the language that he chose."""
        tenant, _ = self._user(ccm_host, active=True)
        plugin = tenant.host.parts.registry.get(self.plugin)
        texts = [text for found in texts_of_templates(plugin.templates).values() for text in found]
        for field in plugin.settings.fields if plugin.settings else ():
            texts += [text for text in (field.label, field.help, *(label for _, label in field.choices)) if text]
        texts += texts_of_values(home_of(self._record(ccm_host)))
        mend = "Write it into translations/<language>.po beside the plugin's module."
        demand(untranslated(plugin.translations, texts), "Every text has a translation, but:", mend)

    def test_its_pages_keep_to_the_policy_and_are_open_to_all(self, ccm_host: Host) -> None:
        """Nothing that the content security policy blocks, and nothing that a screen reader cannot tell."""
        tenant, browser = self._user(ccm_host, active=True)
        found = self._faults(tenant, browser, "before its use")
        self.use(browser)
        found += self._faults(tenant, browser, "after its use")
        tenant.add_user("admin", admin=True)
        user = tenant.host.parts.users.find(tenant.instance, "erika")
        assert user is not None
        page = tenant.browser("admin").get(f"/admin/users/{user.id}")
        found += [f"/admin/users: {fault}" for fault in faults_of(page.html)]
        demand(found, "A page keeps to the policy and is open to all, but:", "Mend the template.")

    def _faults(self, tenant: Tenant, browser: Browser, when: str) -> list[str]:
        found = []
        note = "could not show its part"
        for route in (None, *routes_of(tenant, self.plugin)):
            if route is not None and route.method != "GET":
                continue
            path = address(self.plugin, route) if route else "/account"
            page = browser.get(path)
            if browser.response.status_code >= 500 or note in page.text:
                found.append(f"{path} fails {when}: see its reason in plugin management")
            found += [f"{path}: {fault}" for fault in faults_of(page.html)]
        return found

    def _user(self, host: Host, *, active: bool = False) -> tuple[Tenant, Browser]:
        """Return a fresh instance, and the browser of erika, who is signed in there."""
        tenant = host.tenant()
        tenant.add_user("erika")
        if active:
            tenant.activate(self.plugin)
        return tenant, tenant.browser("erika")

    def _allow_another(self, tenant: Tenant) -> None:
        """Activate the plugin for another user alone, who visits its pages, so that every process has loaded it."""
        otto, now = tenant.add_user("otto"), tenant.host.clock()
        tenant.activate(self.plugin, everyone=False)
        tenant.host.parts.access.allow(tenant.instance, self.plugin, now, Actor(), otto.id)
        with tenant.host.client_of_each_worker() as clients:
            for client in clients:
                browser = tenant.browser("otto")
                browser.client = client
                self._looks(tenant, browser)

    def _looks(self, tenant: Tenant, browser: Browser) -> dict[str, str]:
        return looks(browser, self.plugin, routes_of(tenant, self.plugin))

    def _different(self, before: dict[str, str], tenant: Tenant) -> list[str]:
        """Return which pages erika sees otherwise than before, when she signs in and has no other session."""
        parts, erika = tenant.host.parts, tenant.host.parts.users.find(tenant.instance, "erika")
        assert erika is not None
        with parts.database.write() as connection:
            parts.sessions.end_all(connection, erika.id)
        now = self._looks(tenant, tenant.browser("erika"))
        return [path for path in before if now[path] != before[path]]

    def _record(self, host: Host) -> PluginRecord:
        record = host.parts.registry.records.get(self.plugin)
        if record is None:
            names = ", ".join(sorted(host.parts.registry.records)) or "none"
            raise AssertionError(
                f"A plugin is found by its entry point, but there is no {self.plugin} (installed: {names}). "
                f"Install the distribution, with {self.plugin} in its entry points of the group ccm.plugins."
            )
        return record


def _answers(host: Host, paths: list[str]) -> dict[str, tuple[int, str, dict[str, str]]]:
    """Return what visitors and a user get at some addresses, without what is random."""
    tenant = host.tenant()
    tenant.add_user("erika")
    found = {}
    for who, browser in (("visitor", tenant.browser()), ("user", tenant.browser("erika"))):
        for path in paths:
            answer = browser.send("GET", path)
            headers = {
                name: same(value)
                for name, value in answer.headers.items()
                if name not in {"set-cookie", "date", WORKER_HEADER.lower()}
            }
            found[f"{who} {path}"] = (answer.status_code, same(answer.text), headers)
    return found
