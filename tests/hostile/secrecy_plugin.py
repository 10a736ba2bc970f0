# SPDX-License-Identifier: MIT
"""A broken plugin that quotes what it was given in whatever it raises, in every hook that is given anything."""

from pathlib import Path

from tests.bad_plugins import announce

PLUGIN = "telltale"
CODE = """
import click

from ccm_core.plugin_api import Challenge, Page, Route, hookimpl


def tell(*given):
    try:
        raise KeyError(*given)
    except KeyError as error:
        raise ValueError(f"broken by {given}") from error


@hookimpl
def ccm_login_challenge(login):
    keys = [enrolment.data.decode() for enrolment in login.enrolments]
    if login.user.name == "heidi":
        tell(keys)
    return Challenge("plugins/telltale/part.html", lambda answer, now: tell(keys, answer), {"keys": keys})


@hookimpl
def ccm_account_sections(account):
    tell(account)


@hookimpl
def ccm_user_sections(subject):
    tell(subject)


@hookimpl
def ccm_password_reset(reset):
    tell(reset)


@hookimpl
def ccm_signed_in(event):
    tell(event)


@hookimpl
def ccm_pages():
    return [
        Route("POST", "tell", lambda request: tell(request.form)),
        Route("POST", "draw", lambda request: Page("Broken", "plugins/telltale/broken.html", {"form": request.form})),
    ]


@hookimpl
def ccm_commands():
    return [click.Command("tell", params=[click.Argument(["word"])], callback=tell_word)]


def tell_word(word):
    tell(word)
"""


def lay_out(folder: Path) -> None:
    """Install the plugin in a folder."""
    announce(folder, distribution=f"ccm-{PLUGIN}", name=PLUGIN, target=PLUGIN)
    templates = folder / PLUGIN / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "__init__.py").write_text(CODE, "utf-8")
    (templates / "part.html").write_text('<input name="code">', "utf-8")
    (templates / "broken.html").write_text('{{ form[form["code"]]["more"] }}', "utf-8")
