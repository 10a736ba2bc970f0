# SPDX-License-Identifier: MIT
"""The list of devices alone, with a store in memory: what is kept, for how long, and when nothing more is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points, metadata
from pathlib import Path
from typing import Any

import pluggy
import pytest

from ccm_core.plugin_api import Notice, SignedIn, User, hookspecs
from ccm_signins import plugin
from ccm_signins.plugin import DAY, MOST

ERIKA = User(id=7, name="erika", email="erika@example.org", language="en")


@dataclass
class Life:
    """One user's sign-ins and the notices that they brought."""

    store: Any
    notices: list[Notice] = field(default_factory=list)
    now: float = 1_800_000_000.0

    def sign_in(self, device: str = "Firefox, Linux", network: str = "192.0.2.0/24") -> None:
        event = SignedIn(ERIKA, None, self.now, device, network, self.store, self.notices.append)
        plugin.ccm_signed_in(event)
        self.now += 60

    @property
    def devices(self) -> Sequence[plugin.Device]:
        return plugin.devices_of(self.store) or []


@pytest.fixture
def life(memory: Any) -> Life:
    return Life(memory)


def test_a_device_keeps_the_time_of_its_first_sign_in_and_moves_to_the_front(life: Life) -> None:
    begun = life.now
    for device in ("Firefox, Linux", "Safari, iOS", "Firefox, Linux"):
        life.sign_in(device)
    first, second = life.devices
    assert (first["browser"], first["first"], first["last"]) == ("Firefox, Linux", begun, begun + 120)
    assert (second["browser"], second["first"], second["last"]) == ("Safari, iOS", begun + 60, begun + 60)
    assert len(life.notices) == 1


def test_the_twenty_devices_that_signed_in_last_are_kept(life: Life) -> None:
    for number in range(MOST + 5):
        life.sign_in(f"device {number}")
        life.now += DAY
    assert [one["browser"] for one in life.devices] == [f"device {number}" for number in range(MOST + 4, 4, -1)]
    life.sign_in("device 4")
    assert len(life.notices) == MOST + 5


def test_no_more_than_so_many_mails_come_within_a_day(life: Life) -> None:
    for number in range(500):
        life.sign_in(f"device {number}")
        life.now -= 59
    assert len(life.notices) == MOST - 1
    life.now += DAY
    life.sign_in("another")
    assert len(life.notices) == MOST


def test_the_largest_list_fits_into_a_document(life: Life) -> None:
    for number in range(MOST):
        life.sign_in(f"{number:-<40}", f"{number:04}:dddd:dddd:dddd::/64")
    assert max(map(len, life.store.documents.values())) < 16_384


def test_a_notice_that_cannot_be_sent_is_sent_at_the_next_sign_in(life: Life) -> None:
    life.sign_in()

    def fails(_notice: Notice) -> None:
        raise OSError("no space left")

    event = SignedIn(ERIKA, None, life.now, "Safari, iOS", "192.0.2.0/24", life.store, fails)
    with pytest.raises(OSError, match="no space left"):
        plugin.ccm_signed_in(event)
    plugin.ccm_signed_in(replace(event, notify=life.notices.append))
    assert len(life.notices) == 1


def test_every_hook_fits_its_specification_and_the_entry_point_leads_to_them() -> None:
    (found,) = entry_points(group="ccm.plugins", name="signins")
    assert found.load() is plugin
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    names = {caller.name for caller in manager.get_hookcallers(plugin) or []}
    assert names == {"ccm_account_sections", "ccm_signed_in", "ccm_pages"}


def test_the_summary_gives_label_and_description() -> None:
    label, _, description = metadata("ccm-signins")["Summary"].partition(": ")
    assert label == "Sign-in notices"
    assert description.startswith("tells users by mail")


def test_the_whole_plugin_has_less_than_120_lines() -> None:
    files = Path(plugin.__file__).parent.glob("*.py")
    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) < 120
