# SPDX-License-Identifier: MIT
"""docs/monitoring: promtool accepts the figures and the rules, and all that is named there exists."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import running_host
from tests.functional.acts import activate_missing

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCS = ROOT / "docs" / "monitoring"
RULES, DASHBOARD, README = DOCS / "alerts.yml", DOCS / "dashboard.json", DOCS / "README.md"
PROMTOOL = shutil.which("promtool") or ROOT / ".programs" / "promtool"
USED = re.compile(r"\b(ccm_\w+)\b(?:\{([^}]*)\})?")
BY = re.compile(r"by \(([\w, ]+)\)")
SELECTED = re.compile(r'(\w+)(?:=~|!=|=)"([^"]*)"')
OF_PROMETHEUS = {"job", "instance"}
"""Labels that every series gets when it is read."""


def promtool(*arguments: object, given: str = "") -> str:
    """Run promtool, which has nothing to complain of, and return what it printed."""
    command = [str(one) for one in (PROMTOOL, *arguments)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What /metrics answers once somebody was refused, a page was missing and a plugin is gone."""
    folder = tmp_path_factory.mktemp("figures")
    with running_host(folder, in_process=True, metrics_from="127.0.0.1") as host:
        tenant = host.tenant()
        activate_missing(tenant, "gone")
    with running_host(folder, in_process=True, metrics_from="127.0.0.1") as host:
        Browser(tenant.origin, host.client).log_in("nobody", "wrong words")
        host.client.get("/nowhere")
        yield host.client.get("/metrics").text


@pytest.fixture(scope="module")
def labels(text: str) -> dict[str, dict[str, set[str]]]:
    """Return, of every series' name, the labels and their values."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            own = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                own.setdefault(label, set()).add(value)
    return found


def expressions(file: Path) -> list[str]:
    """Return the queries of the rules, or of the dashboard."""
    if file == RULES:
        whole = re.split(r"\n      - alert: ", file.read_text("utf-8"))[1:]
        return [re.split(r"\n +(?:for|labels):", alert.partition("expr:")[2])[0] for alert in whole]
    panels = json.loads(file.read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_promtool_accepts_the_figures(text: str) -> None:
    assert "ccm_sign_ins_total" in text
    assert promtool("check", "metrics", given=text) == ""


def test_promtool_accepts_the_rules_and_each_rings_when_it_should() -> None:
    assert "12 rules found" in promtool("check", "rules", "--lint-fatal", RULES)
    assert "SUCCESS" in promtool("test", "rules", HERE / "alerts_test.yml")
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text("utf-8")))
    tested = (HERE / "alerts_test.yml").read_text("utf-8")
    assert set(re.findall(r'alertname="(\w+)"', tested)) == set(re.findall(r"alertname: (\w+)", tested)) == alerts


@pytest.mark.parametrize("file", [RULES, DASHBOARD], ids=["rules", "dashboard"])
def test_every_figure_and_label_that_is_asked_for_exists(file: Path, labels: dict[str, dict[str, set[str]]]) -> None:
    asked = [found for expression in expressions(file) for found in USED.findall(expression)]
    assert len(asked) > 10
    for name, selector in asked:
        assert name in labels
        for label, value in SELECTED.findall(selector):
            assert label in {*OF_PROMETHEUS, *labels[name]}, (name, label)
            fits = label in OF_PROMETHEUS or value in labels[name][label] | {"5xx"}  # nothing has failed here
            assert fits, (name, label, value)
    grouped = {word for query in expressions(file) for words in BY.findall(query) for word in words.split(", ")}
    assert grouped <= OF_PROMETHEUS.union(*labels.values())


def test_the_dashboard_is_one_that_grafana_reads() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    assert dashboard["title"] == "ccm-core"
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len({str(panel["gridPos"]) for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "node"]


def test_every_figure_is_explained_and_shown(text: str) -> None:
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    explained = re.findall(r"^\| `(ccm_\w+)` \| (.*?) \|", README.read_text("utf-8"), re.MULTILINE)
    assert {name for name, _ in explained} == set(kinds)
    shown = DASHBOARD.read_text("utf-8")
    assert [name for name in kinds if name not in shown] == []
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        own = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert own == set(re.findall(r"`(\w+)`", dict(explained)[name])), name
