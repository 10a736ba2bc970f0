# SPDX-License-Identifier: MIT
"""What the mails say, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ccm_core.services.accounts import Account
from ccm_core.services.instances import Instance
from ccm_core.services.outbox import Outbox
from ccm_core.texts import Texts, Translator
from ccm_core.texts import marked as _


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and paragraphs, as message ids with places for values."""

    subject: str
    paragraphs: tuple[str, ...]


_NOT_YOU = _(
    "If this was not you, set a new password with «Forgot your password?» on the login page at once and tell your "
    "administrator."
)
_IGNORE = _(
    "The link works once, for %(minutes)d minutes. If you did not ask for it, ignore this mail: nothing changes."
)
LETTERS: Mapping[str, Letter] = {
    "reset_link": Letter(
        _("Set a new password for %(host)s"),
        (
            _("Somebody, probably you, asked for a new password for your account %(name)s. Open this link to set one:"),
            "%(link)s",
            _IGNORE,
        ),
    ),
    "reset_link_factor": Letter(
        _("Set a new password for %(host)s"),
        (
            _("Somebody, probably you, asked for a new password for your account %(name)s. Open this link to set one:"),
            "%(link)s",
            _("Please note: the new password also resets the second factor. You can set it up again afterwards."),
            _IGNORE,
        ),
    ),
    "activation_link": Letter(
        _("Your account on %(host)s"),
        (
            _("An account %(name)s was created for you. Open this link to choose your password:"),
            "%(link)s",
            _("The link works once, for %(minutes)d minutes."),
        ),
    ),
    "email_link": Letter(
        _("Confirm your new e-mail address for %(host)s"),
        (
            _("Open this link to confirm this address for your account %(name)s:"),
            "%(link)s",
            _("The link works once, for %(minutes)d minutes. Until then your old address stays in use."),
        ),
    ),
    "email_changed": Letter(
        _("Your e-mail address was changed"),
        (_("The e-mail address of your account %(name)s on %(host)s is now %(email)s."), _NOT_YOU),
    ),
    "password_changed": Letter(
        _("Your password was changed"),
        (_("The password of your account %(name)s on %(host)s was changed. Other open sessions were ended."), _NOT_YOU),
    ),
    "password_reset": Letter(
        _("Your password was changed"),
        (_("A new password was set for your account %(name)s on %(host)s with a mailed link."), _NOT_YOU),
    ),
    "password_reset_factor": Letter(
        _("Your password was changed and the second factor reset"),
        (
            _("A new password was set for your account %(name)s on %(host)s with a mailed link."),
            _("The second factor was reset: signing in needs the password alone until you set it up again."),
            _NOT_YOU,
        ),
    ),
    "factor_enabled": Letter(
        _("A second factor was enabled"),
        (
            _("A second factor was enabled for your account %(name)s on %(host)s. Other open sessions were ended."),
            _NOT_YOU,
        ),
    ),
    "factor_disabled": Letter(
        _("The second factor was disabled"),
        (
            _("A second factor was disabled for your account %(name)s on %(host)s. Other open sessions were ended."),
            _NOT_YOU,
        ),
    ),
    "factor_removed": Letter(
        _("The second factor was removed by an administrator"),
        (
            _("An administrator removed the second factor of your account %(name)s on %(host)s."),
            _("Signing in needs the password alone until you set it up again."),
            _("If you did not expect this, tell your administrator."),
        ),
    ),
    "session_copied": Letter(
        _("A session of yours was ended"),
        (
            _(
                "A browser used an old copy of the data that keeps your account %(name)s on %(host)s signed in. "
                "That session was ended."
            ),
            _NOT_YOU,
        ),
    ),
    "codes_stopped": Letter(
        _("Wrong login codes for your account"),
        (
            _("Somebody who knows your password typed many wrong login codes for your account %(name)s on %(host)s."),
            _("Set a new password with «Forgot your password?» on the login page."),
        ),
    ),
}


class Mails:
    """Writes letters into the outbox."""

    def __init__(self, outbox: Outbox, texts: Texts) -> None:
        self._outbox = outbox
        self._texts = texts

    def translator(self, account: Account) -> Translator:
        """Return the reader's translator."""
        return self._texts.into(account.to_plugin().language)

    def send(
        self,
        connection: Connection,
        kind: str,
        instance: Instance,
        account: Account,
        *,
        to: str = "",
        more: Sequence[str] = (),
        **values: object,
    ) -> None:
        """Write a letter to a user (or to another address ``to``) in the caller's transaction.

        ``more`` are paragraphs in the reader's language that go before the last one.
        """
        letter = LETTERS[kind]
        texts = self.translator(account)
        filled = {"name": account.name, "host": instance.host, "email": account.email, **values}
        paragraphs = [texts.gettext(text) % filled for text in letter.paragraphs]
        paragraphs[-1:-1] = more
        self.write(connection, instance, account, texts.gettext(letter.subject) % filled, paragraphs, to=to)

    def write(
        self,
        connection: Connection,
        instance: Instance,
        account: Account,
        subject: str,
        paragraphs: Sequence[str],
        *,
        to: str = "",
    ) -> None:
        """Write a mail whose texts are in the reader's language already; all mails begin and end alike."""
        greeting = self.translator(account).gettext("Hello %(name)s,") % {"name": account.display_name}
        body = "\n\n".join([greeting, *paragraphs, instance.origin])
        self._outbox.add(connection, instance.id, to or account.email, subject, body + "\n", account.id)
