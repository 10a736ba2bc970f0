# SPDX-License-Identifier: MIT
"""Whether this machine's clock is right: a phone's code is accepted for half a minute to either side."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ccm_core.errors import InputError

TOLERATED_SECONDS = 10
"""A web server tells whole seconds, and the answer takes a moment."""
WAIT_SECONDS = 10


def seconds_ahead(clock: Callable[[], float], url: str) -> float:
    """Return how far the clock is ahead of a web server's (negative: behind); raises InputError if it tells no time."""
    if not url.casefold().startswith(("http://", "https://")):
        raise InputError("clock", "%(url)s is no address of a web server, such as https://example.org.", url=url)
    try:
        with urlopen(Request(url, method="HEAD"), timeout=WAIT_SECONDS) as answer:  # noqa: S310 - the scheme is checked
            date = answer.headers["Date"]
    except HTTPError as error:
        date = error.headers["Date"]  # a page that is refused tells the time too
    except (URLError, OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise InputError("clock", "%(url)s does not answer: %(reason)s.", url=url, reason=reason) from error
    try:
        return clock() - parsedate_to_datetime(date or "").timestamp()
    except ValueError as error:
        raise InputError("clock", "%(url)s does not tell the time.", url=url) from error


def told(seconds: float, other: str) -> str | None:
    """Return the finding about a clock that differs from another, or None."""
    if abs(seconds) <= TOLERATED_SECONDS:
        return None
    direction = "ahead of" if seconds > 0 else "behind"
    return (
        f"The clock is {abs(seconds):.0f} seconds {direction} {other}: right codes may be refused. "
        "Set it, and let a time service keep it right."
    )
