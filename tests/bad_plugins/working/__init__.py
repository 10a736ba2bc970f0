# SPDX-License-Identifier: MIT
"""Does everything right: a second factor whose code is a word, with pages, settings and commands."""

import click

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

heard = []
"""The sign-ins that it was told of."""


@hookimpl
def ccm_login_challenge(login):
    def verify(answer, now):
        for enrolment in login.enrolments:
            if answer.encode() == enrolment.data:
                return Passed(enrolment.id, counter=int(now))
        return Refused("wrong code", "The login code is not right.")

    asked = {"purpose": login.purpose, "user": login.user.name}
    return Challenge("plugins/working/challenge.html", verify, asked, state=b"asked")


@hookimpl
def ccm_account_sections(account):
    return [Section("Working", "plugins/working/section.html", {"enrolled": account.enrolled})]


@hookimpl
def ccm_user_sections(subject):
    return [Section("Working", "plugins/working/section.html", {"enrolled": subject.enrolled})]


@hookimpl
def ccm_password_reset(reset):
    reset.clear()
    return "Your second factor was removed."


@hookimpl
def ccm_signed_in(event):
    heard.append(event)


def show(request):
    return Page("Working", "plugins/working/section.html", {"enrolled": False})


def save(request):
    return Redirect(request.url("setup"), "Saved.")


@hookimpl
def ccm_pages():
    return [Route("GET", "", show), Route("GET", "setup", show), Route("POST", "setup", save, recent_login=True)]


@hookimpl
def ccm_settings():
    return SettingsForm(
        (
            SettingField("greeting", "Greeting", "text", "Hello"),
            SettingField("digits", "Digits", "integer", 6, minimum=6, maximum=8),
            SettingField("strict", "Strict", "boolean", False),
            SettingField("size", "Size", "choice", "s", choices=(("s", "Small"), ("m", "Medium"))),
        )
    )


@hookimpl
def ccm_commands():
    return [click.Command("status", callback=lambda: click.echo("working"))]
