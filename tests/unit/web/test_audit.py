# SPDX-License-Identifier: MIT
"""Every event that the host writes down can be found with the filter of the audit page."""

import re
from pathlib import Path

from ccm_core.services import audit as service
from ccm_core.web.audit import KINDS

HOST = Path(service.__file__).parents[1]
LOGGED_ONLY = {"database", "mail", "outbox"}
MADE_OF_PARTS = {"activation", "reset"}
"""Their names are put together from the kind of a mailed link."""


def written() -> set[str]:
    """Return the kinds of events that stand in the sources of services and pages."""
    sources = "".join(path.read_text("utf-8") for part in ("services", "web") for path in (HOST / part).glob("*.py"))
    kinds = {match[1] for match in re.finditer(r'"([a-z]+)\.[a-z]+(?:_[a-z]+)*"', sources) if ".html" not in match[0]}
    return kinds | {match[1] for match in re.finditer(r'record\(connection, "([a-z]+)"', sources)}


def test_every_kind_of_event_can_be_filtered() -> None:
    kinds = [name for name, _ in KINDS]
    assert len(kinds) == len(set(kinds))
    assert {"login", "logout", "plugin", "request"} <= written()
    assert written() - LOGGED_ONLY <= set(kinds)
    assert set(kinds) - written() <= MADE_OF_PARTS
