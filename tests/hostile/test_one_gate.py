# SPDX-License-Identifier: MIT
"""Only the gate in ``services/login.py`` creates sessions: all routes and commands are tried, and the code is read.

The lists are the program's own (``RULES``, the plugins' routes, ``COMMANDS``): what is added there is tried as well.
"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from sqlalchemy import func, select

from ccm_core.app import MODULES
from ccm_core.cli.names import COMMANDS
from ccm_core.db import models as m
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant
from ccm_signins import plugin as signins
from ccm_twofactor import plugin as twofactor
from tests.databases import copy_data, database_of
from tests.functional.acts import account
from tests.functional.conftest import initialised, program
from tests.functional.phone import Enrolled, Phone, enrol
from tests.functional.program import PASSWORD as CONSOLE_PASSWORD
from tests.functional.program import Program
from tests.functional.test_guards import OPEN, routes
from tests.hostile.links import mailed

__all__ = ["initialised", "program"]

ROOT = Path(__file__).parents[2]
FILES = {("GET", "/healthz"), ("GET", "/readyz")} | {route for route in OPEN if route[1].startswith("/static")}
RULED = {(rule.method, rule.path) for module in MODULES for rule in module.RULES}
PLUGINS = {"signins": signins, "twofactor": twofactor}
OF_PLUGINS = {
    (route.method, f"/plugins/{name}/{route.path}") for name, plugin in PLUGINS.items() for route in plugin.ccm_pages()
}
ROUTES = sorted(FILES | RULED | OF_PLUGINS)
GATE = {("POST", "/login"): {"visitor", "pending", "active", "locked"}, ("POST", "/login/challenge"): {"pending"}}
"""Where right proofs create a session, and who may bring them."""


def test_the_routes_tried_here_are_all_that_there_are(tenant: Tenant) -> None:
    assert set(routes(tenant.host)) == FILES | RULED
    registry = tenant.host.parts.registry
    assert list(registry.records) == list(PLUGINS)
    found = {(one.method, f"/plugins/{name}/{one.path}") for name in PLUGINS for one in registry.get(name).routes}
    assert found == OF_PLUGINS


def sessions(tenant: Tenant) -> set[int]:
    """Return the ids of the instance's rows in the session table."""
    query = select(m.session.c.id).where(m.session.c.instance_id == tenant.instance.id)
    with tenant.host.parts.database.read() as connection:
        return set(connection.execute(query).scalars())


def caller(tenant: Tenant, kind: str) -> Browser:
    """Return a browser that came as far as it could: a visitor, at the code, or signed in as whoever may most."""
    if kind == "visitor":
        browser = tenant.browser()
        browser.get("/login")
        return browser
    return tenant.browser({"pending": "erika", "active": "admin", "locked": "admin"}[kind])


def proofs(tenant: Tenant, browser: Browser, phone: Phone) -> dict[str, str]:
    """Return a form that holds every right proof there is, and what the changes of all forms would need."""
    new = "a quite different sentence"
    form = {"page_token": next(form.fields["page_token"] for form in browser.page.forms if form.method == "post")}
    form |= {"username": "otto", "password": PASSWORD, "code": phone.code(steps=1), "factor": "twofactor"}
    form |= {"current_password": PASSWORD, "new_password": new, "repeat_password": new, "email": "new@example.org"}
    return form | {"user": str(account(tenant, "otto").id), "role": "user", "name": "eve", "next": "/account"}


def address(tenant: Tenant, path: str, links: dict[str, str]) -> str:
    """Return an address of a route that exists, with the right token of a mailed link."""
    start = path.partition("<token>")[0]
    digest = tenant.host.parts.registry.get("twofactor").static_hash
    filled = (
        links.get(start, path).replace("<name>/<path:path>", "twofactor/setup").replace("<id>", str(account(tenant).id))
    )
    return filled.replace("<name>", "twofactor").replace("<digest>", digest).replace("<path:path>", "x.css")


def people(host: Host) -> tuple[Tenant, Enrolled]:
    """Return an instance with all plugins, an administrator, otto, and erika, who has a phone."""
    tenant = host.tenant()
    for name in ("admin", "erika", "otto"):
        tenant.add_user(name, admin=name == "admin")
    for plugin in PLUGINS:
        tenant.activate(plugin)
    return tenant, enrol(tenant, "erika")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_but_the_gate_makes_a_session_of_any_proof(host: Host, method: str, path: str) -> None:
    host.clock.to_step_start()
    tenant, erika = people(host)
    links: dict[str, str] = {}
    for kind in ("visitor", "pending", "active", "locked"):
        if "<token>" in path:  # the one before was used up
            tenant, erika = people(host)
            links = mailed(tenant, erika.browser)
        browser = caller(tenant, kind)
        form = proofs(tenant, browser, erika.phone)
        if kind == "locked":
            tenant.host.clock.move(1801)
        before = sessions(tenant)
        answer = browser.send(method, address(tenant, path, links), data=form if method == "POST" else None)
        assert answer.status_code < 500, kind
        opened = 1 if kind in GATE.get((method, path), ()) else 0
        assert len(sessions(tenant) - before) == opened, (kind, answer.status_code)


def leaves(name: str, command: click.Command) -> Iterator[str]:
    """Yield the commands below one, which are those that do something."""
    if isinstance(command, click.Group):
        for own, below in sorted(command.commands.items()):
            yield from leaves(f"{name} {own}", below)
    else:
        yield name


def all_commands() -> list[str]:
    """Return every command of the host and of the plugins, of which one has any."""
    assert not hasattr(signins, "ccm_commands")
    found = [f"twofactor {command.name}" for command in twofactor.ccm_commands()]
    for name, place in COMMANDS.items():
        module, _, attribute = place.partition(":")
        found += leaves(name, getattr(import_module(module), attribute))
    return sorted(found)


SERVING = ("demo", "serve")
ARGUMENTS = {
    "init": ["--admin", "eve", "--email", "eve@example.org"],
    "instances add": ["other.example", "--edition", "cloud"],
    "instances assign": ["other.example", "gold"],
    "instances plan": ["gold", "--include", "twofactor"],
    "keys drop": ["--yes"],
    "mail show": ["1"],
    "plugins activate": ["twofactor"],
    "plugins allow": ["twofactor", "erika"],
    "plugins deactivate": ["twofactor", "--yes"],
    "plugins purge": ["twofactor", "--yes"],
    "plugins retry": ["twofactor"],
    "plugins revoke": ["twofactor", "erika", "--yes"],
    "plugins select": ["twofactor"],
    "twofactor status": ["erika"],
    "users add": ["eve", "--email", "eve@example.org", "--admin", "--password-stdin"],
    "plugins new": ["letters", "--folder", "DATA/ccm-letters"],
    **{f"users {act}": ["erika"] for act in ("disable", "enable", "password-link")},
    **{f"users {act}": ["erika", "--yes"] for act in ("delete", "reset-factor")},
}
"""What a command needs so that it does what it is there for; DATA stands for its data directory."""
REFUSES = {"init", "instances assign", "plugins purge"}
"""What this data directory gives these no occasion to do; they are tried all the same."""


def opened(data: Path) -> int:
    """Return how many sessions a data directory holds, and that others are counted rightly."""
    database = database_of(data)
    with database.read() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (m.user, m.session)
        ]
    database.dispose()
    assert counts[0] > 0
    return counts[1]


@pytest.fixture(scope="module")
def furnished(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an active plugin, the user erika, and one session, that of the administrator."""
    program = Program(tmp_path_factory.mktemp("furnished") / "data")
    copy_data(initialised, program.data)
    program.done(
        "users", "add", "erika", "--email", "erika@example.org", "--password-stdin", typed="a passphrase of hers\n"
    )
    program.done("users", "password-link", "erika")
    program.done("plugins", "activate", "twofactor")
    assert opened(program.data) == 0
    with program.running("serve"):
        assert program.logs_in("anna", CONSOLE_PASSWORD)
    assert opened(program.data) == 1
    return program.data


@pytest.mark.parametrize("command", all_commands())
def test_no_command_makes_a_session(furnished: Path, program: Program, command: str) -> None:
    copy_data(furnished, program.data)
    if command in SERVING:
        with program.running(command):
            assert opened(program.data) == 1
    else:
        arguments = [one.replace("DATA", str(program.data)) for one in ARGUMENTS.get(command, [])]
        status, _, told = program(*command.split(), *arguments, typed=f"{CONSOLE_PASSWORD}\n")
        assert status == (1 if command in REFUSES else 0), told
    assert opened(program.data) <= 1


PLACES = sorted([*(ROOT / "ccm_core").rglob("*.py"), *(ROOT / "plugins").rglob("ccm_*/**/*.py")])
GATE_FILE, SESSIONS_FILE = "ccm_core/services/login.py", "ccm_core/services/sessions.py"
INSERTS = re.compile(r"(insert|replace)\s+(or\s+\w+\s+)?into\s+\W?session\b", re.IGNORECASE)
Found = tuple[str, str, ast.AST]


def read() -> Iterator[Found]:
    """Yield everything in the product's code, with its file and the function that it stands in."""

    def below(node: ast.AST, file: str, around: str) -> Iterator[Found]:
        for child in ast.iter_child_nodes(node):
            yield file, around, child
            yield from below(child, file, child.name if isinstance(child, ast.FunctionDef) else around)

    for path in PLACES:
        yield from below(ast.parse(path.read_text("utf-8")), str(path.relative_to(ROOT)), "")


@pytest.fixture(scope="module")
def code() -> list[Found]:
    return list(read())


def places(code: list[Found], name: str) -> set[tuple[str, str, str]]:
    """Return where a method is named, called or not: file, function, and whose method it is."""
    found = [
        (file, around, node) for file, around, node in code if isinstance(node, ast.Attribute) and node.attr == name
    ]
    return {(file, around, ast.unparse(node.value)) for file, around, node in found}  # type: ignore[attr-defined]


def test_the_gate_alone_names_what_creates_a_session_and_two_steps_call_the_gate(code: list[Found]) -> None:
    created = {place for place in places(code, "create") if place[2] != "mailed_links"}
    assert created == {(GATE_FILE, "_open_session", "self._sessions")}
    assert places(code, "_open_session") == {(GATE_FILE, "password", "self"), (GATE_FILE, "grant", "self")}


def test_one_place_in_the_code_inserts_into_the_session_table(code: list[Found]) -> None:
    """Every insert names its table where it is written, so that none can hide in a variable."""
    calls = [(file, around, node) for file, around, node in code if isinstance(node, ast.Call)]
    inserts = [(*place, call) for *place, call in calls if ast.unparse(call.func) in {"insert", "upsert"}]
    assert len(inserts) > 15
    assert all(re.fullmatch(r"m\.\w+", ast.unparse(call.args[0])) for *_, call in inserts)
    assert [place for *place, call in inserts if ast.unparse(call.args[0]) == "m.session"] == [[SESSIONS_FILE, ""]]
    methods = {ast.unparse(call.func).rpartition(".")[2] for *_, call in calls if isinstance(call.func, ast.Attribute)}
    assert methods.isdisjoint({"merge", "add_all", "bulk_save_objects", "bulk_insert_mappings"})
    assert not [file for file, _, call in calls if re.search(r"\bm\.\w+\.insert$", ast.unparse(call.func))]
    assert not [path for path in PLACES if INSERTS.search(path.read_text("utf-8"))]
    used = {around for file, around, node in code if file == SESSIONS_FILE and ast.unparse(node) == "_INSERT"}
    assert used == {"", "create"}
