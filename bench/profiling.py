# SPDX-License-Identifier: MIT
"""Shows where the time of each page goes, in one process: ``python -m bench.profiling [PAGE]``."""

from __future__ import annotations

import cProfile
import pstats
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from werkzeug.test import Client

from bench.deployment import PASSWORD, Installation, prepare
from bench.visitor import SETUP, Visitor, code_of
from ccm_core.app import create_app
from ccm_core.services.logs import stay_silent

TIMES = 200
SHOWN = 45


class LocalVisitor(Visitor):
    """A visitor who calls the application without a server."""

    def __init__(self, app: Flask) -> None:
        super().__init__(0)
        self._client = Client(app, use_cookies=False)

    def _send(self, method: str, path: str, body: str | None, status: int) -> None:
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "User-Agent": "bench",
        }
        headers |= {"Sec-Fetch-Site": "same-origin"}
        kind = "application/x-www-form-urlencoded" if body is not None else None
        response = self._client.open(
            path, method=method, data=body, content_type=kind, headers=headers, base_url="http://127.0.0.1"
        )
        self.body, self.location = response.text, response.headers.get("Location", "")
        for line in response.headers.getlist("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        assert response.status_code == status, f"{method} {path}: {response.status}\n{self.body[-1500:]}"


def main() -> None:
    """Profile every page, or the one that is named."""
    stay_silent()
    with TemporaryDirectory(prefix="ccm-bench-") as folder:
        installation = prepare(Path(folder))
        app = create_app(installation.settings, installation.clock)
        visitor, newcomer = LocalVisitor(app), LocalVisitor(app)
        secret = enrol(visitor, "user1", installation)
        newcomer.first_step("user2", PASSWORD)
        newcomer.begin_setup()
        pages = {
            "login": lambda: LocalVisitor(app).get("/login"),
            "account": lambda: visitor.get("/account"),
            "setup": lambda: newcomer.get(SETUP),
            "sign-in": lambda: sign_in(app, installation, secret),  # last: it moves the clock
        }
        for name in sys.argv[1:] or pages:
            profile = cProfile.Profile()
            pages[name]()
            with profile:
                for _ in range(TIMES):
                    pages[name]()
            print(f"== {name}, {TIMES} times")
            pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(SHOWN)


def enrol(visitor: Visitor, name: str, installation: Installation) -> str:
    """Let a user sign in and set up a second factor; returns its secret."""
    visitor.first_step(name, PASSWORD)
    secret = visitor.begin_setup()
    visitor.post(SETUP, code=code_of(secret, installation.clock()))
    return secret


def sign_in(app: Flask, installation: Installation, secret: str) -> None:
    """Sign in with the next code."""
    LocalVisitor(app).sign_in("user1", PASSWORD, secret, installation.clock.move(30))


if __name__ == "__main__":
    main()
