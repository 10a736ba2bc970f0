# SPDX-License-Identifier: MIT
"""The page token: fits its session or visit alone, looks different each time, survives a rotation of keys."""

from pathlib import Path

import pytest

from ccm_core.services.vault import Ring, Vault, new_key, read_ring, write_ring
from ccm_core.web import page_tokens

FAMILY, OTHER = b"f" * 32, b"o" * 32


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    write_ring(tmp_path / "keys", Ring(dict([new_key()])))
    return Vault(tmp_path / "keys")


def test_a_token_fits_what_it_was_made_for_alone(vault: Vault) -> None:
    token = page_tokens.make(vault, "session", FAMILY)
    assert page_tokens.fits(vault, "session", FAMILY, token)
    for kind, secret in (("session", OTHER), ("visit", FAMILY), ("approval", FAMILY), ("session", FAMILY + b"x")):
        assert not page_tokens.fits(vault, kind, secret, token)
    assert not page_tokens.fits(vault, "session|f", FAMILY[1:], token)


def test_each_answer_masks_it_anew_and_shows_nothing_of_the_secret(vault: Vault) -> None:
    tokens = {page_tokens.make(vault, "session", FAMILY) for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {86}
    assert all(token.isascii() and "f" * 8 not in token for token in tokens)


def test_a_changed_or_made_up_token_does_not_fit(vault: Vault) -> None:
    token = page_tokens.make(vault, "session", FAMILY)
    for position in range(len(token) - 1):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert not page_tokens.fits(vault, "session", FAMILY, changed)
    for made_up in ("", "x", "ä", "\0", token[:-1], token + "A", token + "==", "A" * 86, "=" * 86, "A" * 100_000):
        assert not page_tokens.fits(vault, "session", FAMILY, made_up)


def test_a_page_that_was_open_before_a_rotation_goes_on(vault: Vault, tmp_path: Path) -> None:
    token = page_tokens.make(vault, "session", FAMILY)
    ring = read_ring(tmp_path / "keys")
    key_id, key = new_key(ring)
    write_ring(tmp_path / "keys", Ring({key_id: key, **ring.keys}))
    assert page_tokens.fits(Vault(tmp_path / "keys"), "session", FAMILY, token)
