# SPDX-License-Identifier: MIT
"""What this plugin adds to the host, hook by hook, in the order of ``ccm_core.plugin_api.hookspecs``."""

from functools import partial

import click

from ccm_core.plugin_api import (
    Account,
    Challenge,
    Login,
    Reset,
    Route,
    Section,
    SettingField,
    SettingsForm,
    hookimpl,
)
from ccm_twofactor import commands, pages, totp


@hookimpl
def ccm_login_challenge(login: Login) -> Challenge:
    """Ask for a code; only the login explains why, elsewhere the page does."""
    template = "plugins/twofactor/code.html" if login.purpose == "login" else "plugins/twofactor/field.html"
    context = {"purpose": login.purpose, "error": ""}
    return Challenge(template, partial(totp.verify, login.enrolments), context)


@hookimpl
def ccm_account_sections(account: Account) -> list[Section]:
    """Offer to enable the app to those who may, to disable it to those who have one."""
    if not (account.enrolled or account.allowed):
        return []
    return [Section(pages.TITLE, "plugins/twofactor/account.html", {"enrolled": account.enrolled})]


@hookimpl
def ccm_user_sections(subject: Account) -> list[Section]:
    """Tell an administrator how the user stands to this plugin."""
    context = {"enrolled": subject.enrolled, "allowed": subject.allowed}
    return [Section(pages.TITLE, "plugins/twofactor/user.html", context)]


@hookimpl
def ccm_password_reset(reset: Reset) -> str:
    """Remove the app together with the forgotten password: whoever lost the phone gets in again this way."""
    reset.clear()
    return (
        "2-factor authentication with the smartphone app was removed as well. "
        "You can set it up again in the account settings."
    )


@hookimpl
def ccm_pages() -> list[Route]:
    """Require a recent login for whatever shows a secret or changes the factor.

    Finishing a set-up needs none of its own, since a recent login began it at most ten minutes before.
    """
    return [
        Route("POST", "setup/begin", pages.begin, recent_login=True),
        Route("GET", "setup", pages.show_setup, recent_login=True),
        Route("POST", "setup", pages.finish_setup),
        Route("GET", "disable", pages.show_disable, recent_login=True),
        Route("POST", "disable", pages.disable, recent_login=True),
    ]


@hookimpl
def ccm_settings() -> SettingsForm:
    """Let the administrator name the backend in the users' apps."""
    issuer = SettingField(
        "issuer",
        "Name shown in the app",
        "text",
        "",
        help="At most 64 characters are shown. Leave it empty to show the host name.",
    )
    return SettingsForm((issuer,))


@hookimpl
def ccm_commands() -> list[click.Command]:
    """Add ``ccm twofactor status USER``."""
    return [commands.status]
