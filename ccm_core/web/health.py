# SPDX-License-Identifier: MIT
"""What a load balancer asks: the process lives, and the database answers. On any host name."""

from __future__ import annotations

from flask import Response

from ccm_core.errors import Busy
from ccm_core.services.parts import Parts


def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


def readyz(parts: Parts) -> Response:
    """The database answers too; else 503."""
    try:
        parts.instances.hosts()
    except Busy:
        return Response("the database does not answer\n", status=503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
