# SPDX-License-Identifier: MIT
"""JSON lines, ours and those of libraries, with what a request has bound."""

import json
import subprocess
import sys

LINES = """
import logging
import structlog
from ccm_core.services.logs import write_json

write_json()
for bound in ({"request_id": "first"}, {"request_id": "second"}, {}):
    with structlog.contextvars.bound_contextvars(**bound):
        structlog.get_logger("ours").info("ours.happened")
        logging.getLogger("theirs").warning("theirs happened")
"""


def test_every_line_of_a_request_bears_its_id_those_of_libraries_included() -> None:
    done = subprocess.run([sys.executable, "-c", LINES], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["ours.happened", "theirs happened"] * 3
    assert [line.get("request_id") for line in lines] == ["first", "first", "second", "second", None, None]
