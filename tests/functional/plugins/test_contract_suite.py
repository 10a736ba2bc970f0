# SPDX-License-Identifier: MIT
"""The contract suite catches a wrong plugin for each of its clauses, and names clause and mend."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ccm_core.testing.contract import FactorContract
from tests.bad_plugins import HERE, announce
from tests.functional.plugins.contract_variants import WRONG, Wrong

pytestmark = pytest.mark.one_node("one of its wrong plugins changes the one process that has loaded it")
SAMPLE = HERE / "contract" / "sample"
TESTS = """
import hmac

from ccm_core.testing.contract import FactorContract


class Sample(FactorContract):
    def set_up(self, browser):
        browser.get(f"/plugins/{self.plugin}/setup")
        secret = browser.page.value("Secret")
        browser.submit(f"/plugins/{self.plugin}/setup", code=self.answer(secret, browser.clock()))
        return secret

    def answer(self, secret, now):
        return hmac.digest(bytes.fromhex(secret), str(int(now // 60)).encode(), "sha256").hex()[:8]
"""
CLAUSES = {
    name.removeprefix("test_")
    for name in vars(FactorContract) | vars(FactorContract.__base__)
    if name.startswith("test_")
}  # type: ignore[arg-type]


def lay_out(folder: Path, name: str, wrong: Wrong) -> None:
    """Install a variant of the sample in a folder."""
    package = folder / name
    shutil.copytree(SAMPLE, package, ignore=shutil.ignore_patterns("__pycache__"))
    edit(package / "__init__.py", wrong.edits)
    edit(package / "templates" / "section.html", wrong.template)
    edit(package / "templates" / "challenge.html", wrong.challenge)
    headers = "Summary: Sample: a second factor for trying\n" if wrong.metadata else ""
    requires = "ccm-core>=1,<2" if wrong.metadata else "click"
    place = announce(folder, distribution=f"ccm-{name}", name=name, target=name, requires=requires, headers=headers)
    (place / "RECORD").write_text("".join(f"{file},,\n" for file in wrong.files), "utf-8")


def edit(file: Path, edits: Mapping[str, str]) -> None:
    text = file.read_text("utf-8")
    for old, new in edits.items():
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run all for the sample, and for each variant the test that is to catch it; what failed, by class and test."""
    folder = tmp_path_factory.mktemp("contract")
    lay_out(folder, "sample", Wrong("", ""))
    lines, wanted = [TESTS, '\n\nclass TestSample(Sample):\n    plugin = "sample"\n'], ["test_all.py::TestSample"]
    for stem, wrong in WRONG.items():
        name = f"wrong{stem}"
        lay_out(folder, name, wrong)
        lines.append(f'\n\nclass Test{name}(Sample):\n    plugin = "{name}"\n')
        wanted.append(f"test_all.py::Test{name}::test_{wrong.test}")
    (folder / "test_all.py").write_text("".join(lines), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=report.xml", *wanted]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    cases = ET.parse(folder / "report.xml").iter("testcase")
    return {
        f"{case.attrib['classname'].rpartition('.')[2]} {case.attrib['name']}": "".join(
            failure.attrib["message"] for kind in ("failure", "error") for failure in case.iter(kind)
        )
        for case in cases
    }


def test_every_clause_has_a_plugin_that_breaks_it() -> None:
    assert {wrong.test for wrong in WRONG.values()} == CLAUSES


def test_the_sample_keeps_every_clause(outcomes: dict[str, str]) -> None:
    sample = {name: told for name, told in outcomes.items() if name.startswith("TestSample ")}
    assert set(sample) == {f"TestSample test_{clause}" for clause in CLAUSES}
    assert {name: told for name, told in sample.items() if told} == {}


@pytest.mark.parametrize("stem", WRONG)
def test_a_plugin_that_breaks_a_clause_is_caught_and_told_so(outcomes: dict[str, str], stem: str) -> None:
    wrong = WRONG[stem]
    told = outcomes[f"Testwrong{stem} test_{wrong.test}"]
    assert wrong.told in told
    assert told.rstrip().endswith(".")
