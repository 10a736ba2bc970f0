# SPDX-License-Identifier: MIT
"""/metrics: the figures of all worker processes, for the named addresses, and an unknown page for everybody else."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from ccm_core.testing.server import client_of
from tests.databases import copy_data
from tests.functional.phone import enrol
from tests.functional.program import PASSWORD as ANNAS
from tests.functional.program import Program, Running
from tests.functional.test_headers import assert_complete

READER = "203.0.113.7"
LOGIN = {"rule": "/login", "method": "GET", "status": "2xx"}
ESTABLISHED = "01"
REQUESTS = "ccm_http_request_duration_seconds_count"

Labels = frozenset[tuple[str, str]]


class Figures:
    """The answer of /metrics, read by Prometheus's own library."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        self.text = answer.text
        families = text_string_to_metric_families(answer.text)
        self.samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def get(self, name: str, **labels: str) -> float:
        return self.samples.get((name, frozenset(labels.items())), 0)

    def counters(self) -> dict[tuple[str, Labels], float]:
        """Return what may only rise."""
        ends = ("_total", "_bucket", "_count", "_sum")
        return {sample: value for sample, value in self.samples.items() if sample[0].endswith(ends)}


def worker_of(client: httpx.Client, running: Running) -> int:
    """Ask over a client's connection, which it keeps, and return the process that holds the other end of it."""
    stream = client.get("/healthz").extensions["network_stream"]
    port = stream.get_extra_info("client_addr")[1]
    connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = [one[9] for one in connections if one[2].endswith(f":{port:04X}") and one[3] == ESTABLISHED]
    for worker in running.workers():
        if f"socket:[{inode}]" in {str(file.readlink()) for file in Path(f"/proc/{worker}/fd").iterdir()}:
            return worker
    raise AssertionError(f"no worker holds the connection from port {port}")


@contextmanager
def client_of_each(program: Program, running: Running) -> Iterator[dict[int, httpx.Client]]:
    """Open connections until every worker has one, and yield the clients by process."""
    with ExitStack() as stack:
        found: dict[int, httpx.Client] = {}
        for _ in range(200):
            client = stack.enter_context(client_of(program.port))
            found.setdefault(worker_of(client, running), client)
            if len(found) == 2:
                break
        yield found


@pytest.fixture(scope="module")
def open_program(tmp_path_factory: pytest.TempPathFactory, initialised: Path) -> Program:
    program = Program(tmp_path_factory.mktemp("open") / "data", settings={"CCM_METRICS_FROM": "127.0.0.1"})
    copy_data(initialised, program.data)
    return program


@pytest.fixture(scope="module")
def serving(open_program: Program) -> Iterator[Running]:
    with open_program.running("serve", "--workers", "2") as running:
        yield running


def test_the_workers_add_up_whichever_is_asked(serving: Running, open_program: Program) -> None:
    with client_of_each(open_program, serving) as clients:
        first, second = clients.values()
        before = Figures(first.get("/metrics"))
        assert before.get("ccm_worker_starts_total") == 2
        for client, times, name in ((first, 3, "anna"), (second, 4, "nobody")):
            for _ in range(times):
                assert client.get("/login").is_success
            Browser(open_program.url, client).log_in(name, ANNAS)
        for client in (first, second):
            after = Figures(client.get("/metrics"))
            assert after.get(REQUESTS, **LOGIN) - before.get(REQUESTS, **LOGIN) == 3 + 4 + 2
            for result in ("succeeded", "password_refused"):
                one, other = (figures.get("ccm_sign_ins_total", result=result) for figures in (before, after))
                assert other - one == 1


def test_no_figure_falls_when_a_worker_is_killed_and_replaced(serving: Running, open_program: Program) -> None:
    wait = threading.Event()
    with client_of_each(open_program, serving) as clients:
        for client in clients.values():
            assert client.get("/login").is_success
        before = Figures(client.get("/metrics"))
        killed, kept = clients
        os.kill(killed, signal.SIGKILL)
        for _ in range(200):
            if len(serving.workers()) == 2 and killed not in serving.workers():
                break
            wait.wait(0.05)
    with client_of_each(open_program, serving) as clients:
        (new,) = clients.keys() - {kept}
        assert clients[new].get("/login").is_success
        after = Figures(clients[new].get("/metrics"))
    assert new != killed
    rising, now = before.counters(), after.counters()
    assert len(rising) > 100
    assert [sample for sample, value in rising.items() if now[sample] < value] == []
    assert after.get(REQUESTS, **LOGIN) == before.get(REQUESTS, **LOGIN) + 1
    assert after.get("ccm_worker_starts_total") == before.get("ccm_worker_starts_total") + 1
    assert [after.get("ccm_password_hashes", state=state) for state in ("running", "waiting")] == [0, 0]


def test_a_proxy_that_nobody_trusts_opens_them_to_nobody(serving: Running, open_program: Program) -> None:
    for header in ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"):
        answer = httpx.get(f"{open_program.url}/metrics", headers={header: "127.0.0.1"}, trust_env=False)
        assert answer.status_code == 404, header


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host behind a trusted proxy, whose figures one address may read."""
    folder = tmp_path_factory.mktemp("behind")
    with running_host(folder, workers=1, trusted_proxies="127.0.0.1", metrics_from=READER) as running:
        yield running


def ask(host: Host, chain: str | None, method: str = "GET", path: str = "/metrics", **headers: str) -> httpx.Response:
    forwarded = {} if chain is None else {"X-Forwarded-For": chain}
    return host.client.request(method, path, headers={**forwarded, **headers})


def test_the_named_address_reads_them_under_any_name(behind: Host) -> None:
    for name in ("127.0.0.1", "unknown.example", "203.0.113.9:9000"):
        answer = ask(behind, READER, Host=name)
        assert Figures(answer).get("ccm_database_up") == 1
        assert_complete(answer, secure=False)
        assert answer.headers["cache-control"] == "no-store"
    assert ask(behind, f"198.51.100.1, {READER}, 127.0.0.1").status_code == 200


@pytest.mark.parametrize(
    "chain", [None, "", "203.0.113.8", f"{READER}, 198.51.100.1", "127.0.0.1", f"{READER}, nonsense", f"{READER};"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
def test_for_everybody_else_it_is_an_unknown_page(behind: Host, chain: str | None, method: str) -> None:
    tenant = behind.tenant()
    here, nowhere = (ask(behind, chain, method, path, Host=tenant.name) for path in ("/metrics", "/nowhere"))
    assert here.status_code == nowhere.status_code == 404
    assert (here.content, set(here.headers)) == (nowhere.content, set(nowhere.headers))


def test_nobody_reads_them_unless_a_setting_says_so(host: Host, tenant: Tenant) -> None:
    for chain in (None, "127.0.0.1", READER):
        here, nowhere = (ask(host, chain, "GET", path, Host=tenant.name) for path in ("/metrics", "/nowhere"))
        assert here.status_code == nowhere.status_code == 404
        assert here.content == nowhere.content


@pytest.mark.one_node("each node has figures of its own; the proxy asks any")
def test_a_sign_in_is_told_without_who_it_was(behind: Host) -> None:
    tenant = behind.tenant()
    tenant.add_user("erika")
    tenant.activate("twofactor")
    before = Figures(ask(behind, READER))
    erika = enrol(tenant, "erika")
    browser = tenant.browser("erika")
    browser.submit("/login/challenge", code=erika.phone.code(steps=9))
    browser.submit("/login/challenge", code=erika.phone.next_code())
    assert browser.path == "/"
    for _ in range(6):
        tenant.browser("erika", "wrong words of erika")
    browser.get(f"/made-up/{PASSWORD}".replace(" ", "-"))
    after = Figures(ask(behind, READER))

    def change(name: str, **labels: str) -> float:
        return after.get(name, **labels) - before.get(name, **labels)

    changes = {result: change("ccm_sign_ins_total", result=result) for result in ("succeeded", "code_refused")}
    assert changes == {"succeeded": 2, "code_refused": 1}
    assert change("ccm_sign_ins_total", result="password_refused") == 5
    assert change("ccm_throttled_attempts_total", attempt="password") == 1
    plugin = {"plugin": "twofactor", "purpose": "login"}
    outcomes = {one: change("ccm_challenges_total", outcome=one, **plugin) for one in ("shown", "passed", "refused")}
    assert outcomes == {"shown": 2, "passed": 1, "refused": 1}
    assert change("ccm_challenges_total", plugin="twofactor", purpose="setup", outcome="passed") == 1
    assert change(REQUESTS, rule="/login/challenge", method="POST", status="3xx") == 1
    assert change(REQUESTS, rule="other", method="other", status="4xx") == 1
    for text in ("erika", "example.org", tenant.name, "127.0.0", "203.0.113", "made-up", PASSWORD.split()[0]):
        assert text not in after.text


@pytest.mark.sqlite
def test_figures_are_answered_while_the_database_is_gone(behind: Host) -> None:
    """Last of its host: the table does not come back. PostgreSQL has other words for a table that is not there."""
    with behind.parts.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE outbox")
    figures = Figures(ask(behind, READER))
    assert figures.get("ccm_database_up") == 0
    assert ("ccm_outbox_messages", frozenset()) not in figures.samples
    assert figures.get("ccm_worker_starts_total") == 1
