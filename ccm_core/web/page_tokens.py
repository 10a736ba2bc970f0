# SPDX-License-Identifier: MIT
"""The page token: proves that a request comes from a page that we drew for this very browser.

An HMAC over the session's family, or before the login over the cookie ``ccm_visit`` (ASVS 3.5.1, NIST 800-63B 5.1),
masked anew in every answer, so that compression tells nothing about it. It stands only in hidden fields of pages
drawn in an active session, which makes it also the proof of the window that is still open.
"""

from __future__ import annotations

import base64
import secrets

from ccm_core.services.vault import Vault

_BYTES = 32
_PURPOSE = "page-token"


def make(vault: Vault, kind: str, secret: bytes) -> str:
    """Return a masked token for a ``session`` or a ``visit``."""
    mask = secrets.token_bytes(_BYTES)
    plain = vault.mac(_PURPOSE, kind.encode() + b"|" + secret)
    return base64.urlsafe_b64encode(mask + _xor(mask, plain)).decode().rstrip("=")


def fits(vault: Vault, kind: str, secret: bytes, token: str) -> bool:
    """Whether a token was made for this session or visit."""
    try:
        raw = base64.b64decode(token + "==", altchars=b"-_", validate=True)
    except ValueError:
        return False
    if len(raw) != 2 * _BYTES:
        return False
    plain = _xor(raw[:_BYTES], raw[_BYTES:])
    return vault.mac_fits(_PURPOSE, kind.encode() + b"|" + secret, plain)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(_BYTES)
