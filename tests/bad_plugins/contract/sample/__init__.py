# SPDX-License-Identifier: MIT
"""Keeps every clause of the contract: a second factor whose answers come from a secret and the minute."""

import hmac
import secrets
from pathlib import Path

from ccm_core.plugin_api import (
    Challenge,
    Page,
    Passed,
    Redirect,
    Refused,
    Route,
    Section,
    SettingField,
    SettingsForm,
    hookimpl,
)

NAME = __name__
NOTES = Path(__file__).with_name("notes")
"""Where only wrong variants write."""


def right(secret, minute):
    """Return the answer of a minute."""
    return hmac.digest(secret, str(minute).encode(), "sha256").hex()[:8]


@hookimpl
def ccm_login_challenge(login):
    def verify(answer, now):
        minute = int(now // 60)
        for enrolment in login.enrolments:
            if hmac.compare_digest(answer.encode(), right(enrolment.data, minute).encode()):
                if minute <= enrolment.counter:
                    return Refused("replayed", "This answer was used.")
                return Passed(enrolment.id, counter=minute)
        return Refused("wrong", "This answer is wrong.")

    return Challenge(f"plugins/{NAME}/challenge.html", verify)


@hookimpl
def ccm_account_sections(account):
    return [Section("Sample", f"plugins/{NAME}/section.html", {"enrolled": account.enrolled})]


@hookimpl
def ccm_password_reset(reset):
    reset.clear()


@hookimpl
def ccm_signed_in(event):
    pass


def show(request):
    pending = request.enrolments.pending() or request.enrolments.begin("Sample", secrets.token_bytes(20))
    return Page("Sample", f"plugins/{NAME}/setup.html", {"secret": pending.data.hex()})


def finish(request):
    verdict = request.enrolments.confirm(request.form.get("code", ""))
    return Redirect("/account" if isinstance(verdict, Passed) else request.url("setup"))


@hookimpl
def ccm_pages():
    return [Route("GET", "setup", show, recent_login=True), Route("POST", "setup", finish)]


@hookimpl
def ccm_settings():
    return SettingsForm((SettingField("greeting", "Greeting", "text", "Hello"),))
