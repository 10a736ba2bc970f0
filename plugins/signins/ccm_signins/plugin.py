# SPDX-License-Identifier: MIT
"""Remembers from which devices a user signs in, shows them, and tells the user by mail of a new one.

A device is what its browser says of itself, in a network. That is a hint for people and no proof: anybody can say
anything, so nothing is ever allowed or refused because of it.
"""

from typing import TypedDict, cast

from ccm_core.plugin_api import Account, Notice, PageRequest, Redirect, Route, Section, SignedIn, Store, hookimpl

TITLE = "Devices that signed in"
MOST = 20
"""Devices that are kept, those that signed in last; also the most mails that one day can bring."""
DAY = 86_400.0
DEVICES = "devices"
"""The key of the one document that is kept of a user."""

NEW = "Somebody signed in to your account %(name)s on %(host)s with %(device)s from the network %(network)s."
NEW_UNKNOWN = (
    "Somebody signed in to your account %(name)s on %(host)s with an unknown browser from the network %(network)s."
)
WHY = "You get this mail because this device was not among those from which you signed in lately."
IF_NOT_YOU = (
    "If this was not you, set a new password with «Forgot your password?» on the login page at once and tell your "
    "administrator."
)


class Device(TypedDict):
    """A device as it is kept; the times of its first and its latest sign-in are seconds since 1970 in UTC."""

    browser: str
    network: str
    first: float
    last: float


def devices_of(store: Store) -> list[Device] | None:
    """Return a user's devices, the latest first; None if none was ever kept."""
    return cast("list[Device] | None", store.get(DEVICES))


@hookimpl
def ccm_account_sections(account: Account) -> list[Section]:
    """Show the devices."""
    return [Section(TITLE, "plugins/signins/account.html", {"devices": devices_of(account.store) or []})]


@hookimpl
def ccm_signed_in(event: SignedIn) -> None:
    """Tell of a device that is new, then keep it: if keeping fails, the next sign-in tells once more.

    The first sign-in of all is kept in silence, since then every device would be new.
    """
    known = devices_of(event.store)
    same = [one for one in known or [] if (one["browser"], one["network"]) == (event.device, event.network)]
    others = [one for one in known or [] if one not in same]
    if known is not None and not same and not flooded(known, event.at):
        event.notify(notice(event))
    first = same[0]["first"] if same else event.at
    latest = Device(browser=event.device, network=event.network, first=first, last=event.at)
    event.store.put(DEVICES, [latest, *others][:MOST])


def flooded(devices: list[Device], now: float) -> bool:
    """Whether a day has brought as many new devices as are kept: then the user was told often enough."""
    return len(devices) == MOST and all(one["first"] > now - DAY for one in devices)


def notice(event: SignedIn) -> Notice:
    """Return the mail about a new device."""
    values = {"device": event.device, "network": event.network}
    return Notice("Sign-in from a new device", (NEW if event.device else NEW_UNKNOWN, WHY, IF_NOT_YOU), values)


@hookimpl
def ccm_pages() -> list[Route]:
    """Add the button's page. It needs no recent login: whoever presses it gets more mails afterwards, not fewer."""
    return [Route("POST", "forget", forget)]


def forget(request: PageRequest) -> Redirect:
    """Forget the devices. An empty list stays, so that the next sign-in is told of and not taken for the first."""
    request.store.put(DEVICES, [])
    return Redirect(
        "/account", "The devices were forgotten. The next sign-in from each of them is told to you by mail."
    )
