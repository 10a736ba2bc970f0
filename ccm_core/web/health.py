# SPDX-License-Identifier: MIT
"""What a load balancer asks: the process lives, and the database answers. On any host name, and to anybody."""

from __future__ import annotations

from flask import Response

from ccm_core.errors import Busy
from ccm_core.services.parts import Parts

BROKEN = {"broken": "cannot be loaded", "missing": "is not installed"}


def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


def readyz(parts: Parts) -> Response:
    """The database answers too; else 503. A broken plugin is named, but hurts nobody else: the node stays in use.

    Why it is broken is for administrators, who read it in plugin management; here anybody may ask.
    """
    now = parts.clock()
    try:
        parts.instances.by_host("", now)
        broken = parts.plugins.broken(now)
    except Busy:
        return Response("the database does not answer\n", status=503, mimetype="text/plain")
    lines = ["ok", *(f"plugin {name}: {BROKEN[state]}" for name, state in broken.items())]
    return Response("".join(f"{line}\n" for line in lines), mimetype="text/plain")
