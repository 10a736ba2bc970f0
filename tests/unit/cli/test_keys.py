# SPDX-License-Identifier: MIT
"""``ccm keys``: a whole rotation with something sealed."""

import pytest

from tests.unit.cli.conftest import NOON, Console


def listed(console: Console) -> list[tuple[str, bool, int]]:
    return [(key["id"], key["primary"], key["sealed"]) for key in console.done("keys", "list", "--json").rows]


def test_a_rotation_seals_anew_and_then_drops_the_old_key(console: Console) -> None:
    number = console.enrol("anna", "gone")
    ((old, _, _),) = listed(console)
    console.done("keys", "rotate")
    (_, (new, _, _)) = listed(console)
    assert listed(console) == [(old, True, 1), (new, False, 0)]
    assert console.done("keys", "promote").out.startswith("1 values")
    assert listed(console) == [(new, True, 1), (old, False, 0)]
    assert "Add --yes" in console.refused("keys", "drop")
    assert console.done("keys", "drop", "--yes").out == f"Removed: {old}.\n"
    assert listed(console) == [(new, True, 1)]
    parts = console.parts()
    (row,) = parts.factors.ledger.of_plugin(1, "gone", NOON)
    assert row.id == number
    assert parts.factors.ledger.unsealed(parts.instances.get(None, NOON), row).data == b"sesame"


def test_a_key_that_is_in_use_is_not_dropped(console: Console) -> None:
    console.enrol("anna", "gone")
    ((old, _, _),) = listed(console)
    console.done("keys", "rotate")
    text = (console.data / "keys").read_text().splitlines()
    (console.data / "keys").write_text("\n".join(reversed(text)))
    told = console.refused("keys", "drop", "--yes")
    assert told == f"1 values are still sealed with the key {old}. Run «ccm keys promote» first."


def test_a_single_key_stays(console: Console) -> None:
    before = listed(console)
    console.done("keys", "drop")
    assert listed(console) == before


@pytest.mark.parametrize("command", ["list", "rotate", "promote"])
def test_no_key_is_ever_printed(console: Console, command: str) -> None:
    printed = console.done("keys", command).out
    for line in (console.data / "keys").read_text().splitlines():
        assert line.partition(":")[2] not in printed
