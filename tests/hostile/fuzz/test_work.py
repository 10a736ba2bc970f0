# SPDX-License-Identifier: MIT
"""Answer times tell nothing: the work behind an answer is counted, so that the test does not depend on the machine.

Counted are statements of the database, password hashes, and calls of Python functions. ``test_load.py`` measures the
processor time of real server processes besides (H92).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import pytest
from sqlalchemy import Engine, event
from werkzeug.test import run_wsgi_app

from ccm_core.app import create_app
from ccm_core.web import page_tokens
from tests.hostile.fuzz.stage import Sent, Stage, environ
from tests.model.deployment import PASSWORDS, deployment

HASHING = ("passwords.py", "_run")
SEPARABLE = 0.03
"""The part of Python's calls by which answers may differ: 40 calls, a thousandth of the time of one hash."""
RIGHT, WRONG = PASSWORDS[0].replace(" ", "+"), "not+the+password"
GOOD, BAD = "<page_token>", "A" * 86


@dataclass
class Work:
    """What one answer took, and what the caller sees of it."""

    seen: tuple[str, int] = ("", 0)
    statements: list[str] = field(default_factory=list)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def hashes(self) -> int:
        """How many passwords were hashed: what goes to the threads that do nothing else."""
        return sum(count for (file, name), count in self.calls.items() if (Path(file).name, name) == HASHING)

    @property
    def own(self) -> Counter[tuple[str, str]]:
        """Calls of our own functions alone: what the garbage collector does in between is not ours."""
        return Counter({call: count for call, count in self.calls.items() if "/ccm_core/" in call[0]})


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with deployment(tmp_path_factory.mktemp("stage")) as deployed:
        yield Stage(deployed, create_app(deployed.settings, deployed.clock, deployed.console))


def worked(stage: Stage, who: str, path: str, body: str) -> Work:
    """Let a fresh caller post a form, once to warm up, and count what the second time takes."""
    for _ in range(2):
        caller, work = stage.caller(who), Work()
        asked = environ(caller, Sent("POST", path, body=body))

        def state(_connection: object, _cursor: object, statement: str, *_: object, kept: Work = work) -> None:
            kept.statements.append(statement)

        def count(frame: FrameType, what: str, _argument: object, kept: Work = work) -> None:
            if what == "call":
                kept.calls[frame.f_code.co_filename, frame.f_code.co_name] += 1

        event.listen(Engine, "before_cursor_execute", state)
        sys.setprofile(count)
        try:
            content, status, _ = run_wsgi_app(stage.app, asked, buffered=True)
        finally:
            sys.setprofile(None)
            event.remove(Engine, "before_cursor_execute", state)
        work.seen = (status, sum(map(len, content)))
    return work


def assert_inseparable(works: list[Work]) -> None:
    first = works[0]
    for work in works[1:]:
        assert (work.seen, work.hashes, work.statements) == (first.seen, 1, first.statements)
        assert abs(work.calls.total() / first.calls.total() - 1) < SEPARABLE


def test_a_wrong_password_takes_the_same_work_whether_the_name_is_known(stage: Stage) -> None:
    """A user with a second factor, one without, an address, and nobody."""
    names = ("erika", "admin", "erika%40example.org", "erikx", "nobody%40example.org", "x")
    works = [worked(stage, "nobody", "/login", f"page_token={GOOD}&username={name}&password={WRONG}") for name in names]
    lengths = [len(name.replace("%40", "@")) for name in names]
    for work, length in zip(works, lengths, strict=True):
        work.seen = (work.seen[0], work.seen[1] - length)
    assert works[0].seen[0].startswith("401")
    assert_inseparable(works)


def test_a_wrong_page_token_is_refused_before_anybody_looks_at_name_and_password(stage: Stage) -> None:
    """So its answer is faster than that of a wrong password, and tells nothing of either."""
    vault = stage.parts.vault
    foreign = [page_tokens.make(vault, kind, b"another") for kind in ("visit", "session")]
    works = [
        worked(stage, "nobody", "/login", f"page_token={token}&username={name}&password={typed}")
        for token in (BAD, *foreign)
        for name in ("erika", "erikx")
        for typed in (RIGHT, WRONG)
    ]
    for work in works:
        assert (work.seen[0][:3], work.hashes) == ("403", 0)
        assert (work.seen, work.statements, work.own) == (works[0].seen, works[0].statements, works[0].own)


def test_an_open_window_does_not_tell_whether_password_or_page_token_was_wrong(stage: Stage) -> None:
    tried = ((GOOD, WRONG), (BAD, WRONG), (BAD, RIGHT))
    works = [worked(stage, "locked", "/session/unlock", f"page_token={a}&password={b}") for a, b in tried]
    assert works[0].seen[0].startswith("403")
    assert_inseparable(works)
    nobody = worked(stage, "nobody", "/session/unlock", f"page_token={BAD}&password={RIGHT}")
    assert (nobody.seen, nobody.hashes) == (works[0].seen, 1)
