# SPDX-License-Identifier: MIT
"""What is sealed opens at its own place alone and unchanged; codes of authenticity survive a rotation."""

import base64
import hmac
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_core.errors import ConfigError, SealError
from ccm_core.services.vault import Ring, Vault, new_key, read_ring, write_ring

PLACE = "instance/1/user/2/plugin/x/enrolment"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_ring(tmp_path / "keys", Ring(dict([new_key()])))
    return tmp_path / "keys"


@pytest.fixture
def vault(path: Path) -> Vault:
    return Vault(path)


def rotate(path: Path, *, first: bool = False) -> str:
    """Add a key, in front if it is to seal; returns its id."""
    keys, (key_id, key) = read_ring(path).keys, new_key()
    write_ring(path, Ring({key_id: key, **keys} if first else {**keys, key_id: key}))
    os.utime(path, ns=(1, 1))
    return key_id


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_again(tmp_path_factory: pytest.TempPathFactory, plain: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "hypothesis-keys"
    if not path.exists():
        write_ring(path, Ring(dict([new_key()])))
    vault = Vault(path)
    assert vault.unseal(vault.seal(plain, place=PLACE), place=PLACE) == plain


@pytest.mark.parametrize(
    "place",
    ["", "instance/1/user/3/plugin/x/enrolment", "instance/2/user/2/plugin/x/enrolment", PLACE + "x", PLACE[:-1]],
)
def test_what_is_sealed_for_one_place_opens_at_no_other(vault: Vault, place: str) -> None:
    sealed = vault.seal(b"secret", place=PLACE)
    with pytest.raises(SealError) as raised:
        vault.unseal(sealed, place=place)
    assert str(raised.value) == "Sealed data cannot be opened: it was changed or belongs elsewhere."


def test_a_single_changed_bit_is_noticed(vault: Vault) -> None:
    sealed = vault.seal(b"secret", place=PLACE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealError):
            vault.unseal(bytes(changed), place=PLACE)


def test_what_is_too_short_or_too_long_is_noticed(vault: Vault) -> None:
    sealed = vault.seal(b"", place=PLACE)
    for end in range(len(sealed)):
        with pytest.raises(SealError):
            vault.unseal(sealed[:end], place=PLACE)
    with pytest.raises(SealError):
        vault.unseal(sealed + b"\0", place=PLACE)


def test_the_same_text_is_sealed_differently_each_time_and_does_not_show(vault: Vault) -> None:
    sealed = {vault.seal(b"secret", place=PLACE) for _ in range(100)}
    assert len({one[5:17] for one in sealed}) == len(sealed) == 100
    assert not [one for one in sealed if b"secret" in one]


def test_a_key_that_another_process_added_is_learnt(vault: Vault, path: Path) -> None:
    added = rotate(path, first=True)
    sealed = Vault(path).seal(b"secret", place=PLACE)
    assert Vault.key_of(sealed) == added
    assert vault.unseal(sealed, place=PLACE) == b"secret"
    assert vault.ring.primary == added


def test_a_key_that_nobody_has_is_told_with_its_id(vault: Vault, path: Path, tmp_path: Path) -> None:
    write_ring(tmp_path / "other", Ring(dict([new_key()])))
    sealed = Vault(tmp_path / "other").seal(b"secret", place=PLACE)
    with pytest.raises(SealError) as raised:
        vault.unseal(sealed, place=PLACE)
    named = Vault.key_of(sealed)
    assert str(raised.value) == f"Sealed data names the key {named}, which the key file does not hold."


def test_a_key_that_a_file_which_changed_meanwhile_lacks_too_is_told(vault: Vault, path: Path, tmp_path: Path) -> None:
    write_ring(tmp_path / "other", Ring({"00000000": b"k" * 32}))
    sealed = Vault(tmp_path / "other").seal(b"secret", place=PLACE)
    rotate(path, first=False)
    with pytest.raises(SealError, match="names the key 00000000, which"):
        vault.unseal(sealed, place=PLACE)


def test_a_key_file_that_was_broken_meanwhile_leaves_the_keys_at_hand(vault: Vault, path: Path) -> None:
    sealed = vault.seal(b"secret", place=PLACE)
    path.write_text("nonsense")
    with pytest.raises(SealError):
        vault.unseal(bytes([1]) + b"\xff" * 40, place=PLACE)
    assert vault.unseal(sealed, place=PLACE) == b"secret"


def test_a_code_of_authenticity_fits_its_purpose_and_data_alone(vault: Vault) -> None:
    code = vault.mac("page-token", b"data")
    assert vault.mac_fits("page-token", b"data", code)
    for purpose, data, given_code in (
        ("throttle", b"data", code),
        ("page-token", b"date", code),
        ("page-token", b"data", code[:-1]),
        ("page-token", b"data", b""),
    ):
        assert not vault.mac_fits(purpose, data, given_code)


def test_a_code_stays_valid_while_its_key_is_in_the_ring(vault: Vault, path: Path) -> None:
    old = vault.mac("page-token", b"data")
    added = rotate(path, first=True)
    fresh = Vault(path)
    assert fresh.mac_fits("page-token", b"data", old)
    new = fresh.mac("page-token", b"data")
    assert new != old
    assert vault.mac_fits("page-token", b"data", new)
    write_ring(path, Ring({added: read_ring(path).keys[added]}))
    assert not Vault(path).mac_fits("page-token", b"data", old)


def test_a_code_that_fits_nothing_does_not_fit_while_keys_rotate_either(vault: Vault, path: Path) -> None:
    code = vault.mac("page-token", b"data")
    rotate(path, first=True)
    assert not vault.mac_fits("page-token", b"date", code)


def test_a_key_file_is_read_again_only_when_it_changed_and_is_whole(vault: Vault, path: Path) -> None:
    assert not vault._reread()
    rotate(path, first=True)
    assert vault._reread()
    assert not vault._reread()
    path.write_text("nonsense")
    assert not vault._reread()


def test_a_key_is_derived_once_for_each_purpose(vault: Vault) -> None:
    key_id = vault.ring.primary
    assert vault._key(key_id, "a") is vault._key(key_id, "a")
    assert vault._key(key_id, "a") != vault._key(key_id, "b")


def test_sealing_and_authenticating_use_keys_of_their_own(vault: Vault) -> None:
    key = vault.ring.keys[vault.ring.primary]
    assert vault.mac("seal", b"x") != hmac.digest(key, b"x", "sha256")
    assert vault.mac("seal", b"x") != vault.mac("page-token", b"x")


def test_a_ring_is_written_for_its_owner_alone_and_read_in_its_order(tmp_path: Path) -> None:
    ring = Ring(dict(new_key() for _ in range(3)))
    write_ring(tmp_path / "keys", ring)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    assert list(read_ring(tmp_path / "keys").keys.items()) == list(ring.keys.items())
    assert read_ring(tmp_path / "keys").primary == next(iter(ring.keys))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["keys"]


KEY = base64.b64encode(b"k" * 32).decode()
MEND = "Restore the key file from the backup that belongs to this database."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no key"),
        ("\n \n", "holds no key"),
        ("nonsense", "is damaged"),
        (f"00000000:{KEY[:-8]}", "is damaged"),
        (f"00000000:{KEY}x", "is damaged"),
        (f"0000000:{KEY}", "is damaged"),
        (f"0000000G:{KEY}", "is damaged"),
        (f"0000000X:{KEY}", "is damaged"),
        (f"00000000:{KEY}\n00000000:{KEY}", "is damaged"),
        (f"00000000:{KEY}\nbroken", "is damaged"),
        ("\xe4", "cannot be read"),
        ("\xc3\xa4", "cannot be read"),
    ],
)
def test_a_damaged_key_file_is_told_with_its_name_and_the_mend(path: Path, text: str, reason: str) -> None:
    path.write_text(text, "latin-1")
    with pytest.raises(ConfigError, match=reason) as raised:
        read_ring(path)
    assert str(raised.value) == f"The key file {path} {reason}. {MEND}"


def test_a_missing_key_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        read_ring(tmp_path / "keys")
    assert str(raised.value) == f"{tmp_path / 'keys'} does not exist. {MEND} Or run «ccm init»."


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(ConfigError) as raised:
        read_ring(path)
    assert str(raised.value) == f"The key file {path} is open to other users. Run «chmod 600 {path}»."


def test_a_key_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "keys"
    with pytest.raises(ConfigError) as raised:
        write_ring(path, Ring(dict([new_key()])))
    assert str(raised.value) == f"{path} cannot be written: No such file or directory."


def test_the_first_key_of_a_file_has_an_id_by_chance_that_leaves_room_for_further_ones() -> None:
    ids = [new_key()[0] for _ in range(100)]
    assert len(set(ids)) == 100
    assert max(ids) < "80000000"


def test_a_further_key_has_the_id_after_the_highest_of_the_ring() -> None:
    key_id, key = new_key(Ring({"0000001f": b"k" * 32, "00000003": b"l" * 32}))
    assert (key_id, len(key)) == ("00000020", 32)


def test_what_an_earlier_release_sealed_and_authenticated_still_opens_and_fits(tmp_path: Path) -> None:
    """The derivation is written out here (RFC 5869), since a change of it would lock every database out."""
    write_ring(tmp_path / "keys", Ring({"0000002a": b"k" * 32}))
    vault = Vault(tmp_path / "keys")
    sealed = "010000002a21a23d0aa6a4190e5e93e1a9e756b4be64154178bc62ba1f18cb5c6f25fdd6de4707"
    assert vault.unseal(bytes.fromhex(sealed), place=PLACE) == b"secret"
    extracted = hmac.digest(bytes(32), b"k" * 32, "sha256")
    derived = hmac.digest(extracted, b"ccm-core/page-token\x01", "sha256")
    assert vault.mac("page-token", b"data") == hmac.digest(derived, b"data", "sha256")
