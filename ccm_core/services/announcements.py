# SPDX-License-Identifier: MIT
"""Telling plugins of a sign-in, and sending the mails that they ask for at that. All of it after the commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ccm_core.db.engine import Database
from ccm_core.plugin_api import Notice, SignedIn
from ccm_core.plugin_manager import results
from ccm_core.plugin_manager.calls import Calls
from ccm_core.plugin_manager.faults import CallError
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.instances import Instance
from ccm_core.services.mails import Mails
from ccm_core.services.plugin_texts import PluginTexts
from ccm_core.services.store import UserStore
from ccm_core.services.user_agents import browser_of
from ccm_core.texts import Translator

SUBJECT_LENGTH = 150
NOTICE_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class Announcements:
    """Tells the active plugins that the user has; none of them can undo the sign-in.

    ``visible`` tells whether a user has an active plugin.
    """

    database: Database
    calls: Calls
    visible: Callable[[Instance, Account, str], bool]
    mails: Mails
    plugin_texts: PluginTexts

    def signed_in(self, instance: Instance, account: Account, factor: str | None, client: Client, now: float) -> None:
        """Tell of a session that was created and committed. Asks the database nothing unless a plugin listens."""

        def event_for(plugin: str) -> SignedIn | None:
            if not self.visible(instance, account, plugin):
                return None
            return SignedIn(
                user=account.to_plugin(),
                factor=factor,
                at=now,
                device=browser_of(client.user_agent),
                network=client.network,
                store=UserStore(self.database, instance.id, plugin, account.id),
                notify=Notifier(self, plugin, instance, account),
            )

        self.calls.signed_in(instance.active, event_for)

    def notify(self, plugin: str, instance: Instance, account: Account, notice: Notice) -> None:
        """Send the user a plugin's notice, in a transaction of its own. Raises CallError or Busy."""
        checked = results.notice(notice)
        texts = self.plugin_texts.into(plugin, self.mails.translator(account).language)
        values = {**checked.values, "name": account.name, "host": instance.host}
        subject, *paragraphs = (_filled(texts, text, values) for text in (checked.subject, *checked.paragraphs))
        if not subject.isprintable() or not 0 < len(subject) <= SUBJECT_LENGTH:
            raise CallError(f"the subject of its notice is not one line of 1 to {SUBJECT_LENGTH} characters")
        if sum(map(len, paragraphs)) > NOTICE_LENGTH:
            raise CallError(f"the paragraphs of its notice have more than {NOTICE_LENGTH} characters")
        with self.database.write() as connection:
            self.mails.write(connection, instance, account, subject, paragraphs)


@dataclass(slots=True)
class Notifier:
    """Sends one mail for one event: a plugin that loops fills no mailbox."""

    announcements: Announcements
    plugin: str
    instance: Instance
    account: Account
    used: bool = False

    def __call__(self, notice: Notice) -> None:
        """Send the notice; raises CallError, also for a second one, or Busy."""
        if self.used:
            raise CallError("it sent more than one notice of one event")
        self.announcements.notify(self.plugin, self.instance, self.account, notice)
        self.used = True


def _filled(texts: Translator, text: str, values: dict[str, str]) -> str:
    try:
        return texts.gettext(text) % values
    except (KeyError, TypeError, ValueError):
        raise CallError("the places in a text of its notice do not fit its values") from None
