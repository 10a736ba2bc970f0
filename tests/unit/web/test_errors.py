# SPDX-License-Identifier: MIT
"""Which status and words an error becomes; nothing of an unexpected one is told."""

import pytest
from werkzeug import exceptions

from ccm_core.errors import Busy, Conflict, InputError, NotFound, PluginFailed, PluginRefused, SealError, Throttled
from ccm_core.services.proofs import Denied
from ccm_core.services.throttle import CodeStopped
from ccm_core.web.errors import tell


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (Throttled("wait", 7), 429, 7),
        (CodeStopped("stopped", 86400), 429, 86400),
        (Throttled("wait", 0), 429, 1),
        (Busy("busy"), 503, 1),
        (Busy("many", 2, 429), 429, 2),
        (NotFound("none"), 404, None),
        (Conflict("no"), 409, None),
        (PluginRefused("x", "refused"), 409, None),
        (InputError("field", "wrong"), 400, None),
        (Denied("changed", "changed"), 400, None),
        (PluginFailed("x", "hook", "failed"), 500, None),
        (SealError("sealed"), 500, None),
        (ValueError("inside"), 500, None),
        (exceptions.BadRequest(), 400, None),
        (exceptions.Forbidden(), 403, None),
        (exceptions.NotFound(), 404, None),
        (exceptions.LengthRequired(), 411, None),
        (exceptions.RequestEntityTooLarge(), 413, None),
        (exceptions.UnsupportedMediaType(), 415, None),
        (exceptions.MisdirectedRequest(), 421, None),
        (exceptions.ImATeapot(), 500, None),
    ],
)
def test_an_error_has_a_status(error: Exception, status: int, retry_after: int | None) -> None:
    told = tell(error)
    assert (told.status, told.retry_after) == (status, retry_after)
    assert told.title


def test_a_method_that_is_not_taken_names_those_that_are() -> None:
    assert tell(exceptions.MethodNotAllowed(["POST", "GET"])).allow == "GET, POST"


@pytest.mark.parametrize("error", [ValueError("secret"), SealError("secret"), PluginFailed("x", "hook", "secret")])
def test_an_unexpected_error_is_told_in_words_of_our_own(error: Exception) -> None:
    told = tell(error)
    assert told.text
    assert "secret" not in f"{told}"
