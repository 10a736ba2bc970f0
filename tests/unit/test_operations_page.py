# SPDX-License-Identifier: MIT
"""docs/operations.md names every setting with the default that the code has."""

import re
from dataclasses import MISSING, fields
from pathlib import Path

from ccm_core.config import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| `(CCM_[A-Z_]+)` \| (.*?) \|", PAGE, re.MULTILINE))
IN_WORDS = {"CCM_DATABASE_URL", "CCM_TRUSTED_PROXIES", "CCM_HASH_CONCURRENCY", "CCM_METRICS_FROM"}
"""Settings whose default depends on others, or is nothing."""


def test_every_setting_is_explained_and_nothing_else() -> None:
    assert {f"CCM_{field.name.upper()}" for field in fields(Settings)} == set(ROWS)


def test_every_default_is_the_one_of_the_code() -> None:
    defaults = {
        f"CCM_{field.name.upper()}": field.default for field in fields(Settings) if field.default is not MISSING
    }
    stated = {name: ROWS[name].strip("`") for name in defaults.keys() - IN_WORDS}
    assert stated == {name: str(defaults[name]).replace("False", "false") for name in stated}
