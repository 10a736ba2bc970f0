# SPDX-License-Identifier: MIT
"""How a secret looks in places where it should not stand."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

SHORTEST = 8
"""Characters of a word that betrays a secret; shorter ones stand everywhere."""
_DECODERS: tuple[Callable[[str], bytes], ...] = (bytes.fromhex, base64.b32decode)
_WRITINGS: tuple[Callable[[bytes], str], ...] = (
    lambda raw: raw.decode("latin-1"),
    lambda raw: raw.hex(),
    lambda raw: base64.b32encode(raw).decode().rstrip("="),
    lambda raw: base64.b64encode(raw).decode().rstrip("="),
    lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
)


def traces_of(secret: str) -> list[str]:
    """Return the words of a secret, and each other writing of what a word encodes as hex or Base32."""
    words = [word for word in secret.split() if len(word) >= SHORTEST] or [secret]
    raw = [decoded for word in words for decoder in _DECODERS for decoded in _decoded(decoder, word)]
    return [*words, *(write(one) for one in raw for write in _WRITINGS)]


def _decoded(decoder: Callable[[str], bytes], word: str) -> list[bytes]:
    try:
        found = decoder(word)
    except (ValueError, binascii.Error):
        return []
    return [found] if len(found) >= SHORTEST else []
