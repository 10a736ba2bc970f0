# SPDX-License-Identifier: MIT
"""The host's commands, by name: where each is, so that only the one that was typed gets imported."""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "audit": "ccm_core.cli.audit:audit",
    "db": "ccm_core.cli.db:db",
    "demo": "ccm_core.cli.demo:demo",
    "doctor": "ccm_core.cli.doctor:doctor",
    "init": "ccm_core.cli.init:init",
    "instances": "ccm_core.cli.instances:instances",
    "keys": "ccm_core.cli.keys:keys",
    "mail": "ccm_core.cli.mail:mail",
    "plugins": "ccm_core.cli.plugins:plugins",
    "serve": "ccm_core.cli.serve:serve",
    "tidy": "ccm_core.cli.tidy:tidy",
    "users": "ccm_core.cli.users:users",
}
"""Command to ``module:attribute``. No plugin can take one of these names."""
