# SPDX-License-Identifier: MIT
"""Random tokens: the browser holds the token, the database only its hash (ASVS 7.2.3, 11.5.1: 256 bits)."""

from __future__ import annotations

import hashlib
import re
import secrets

_LIKE_A_TOKEN = re.compile(r"[\w-]{43,}", re.ASCII)


def new_token() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what the database keeps of a token; any text is accepted, only a real token's hash is ever found."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def without_tokens(text: str) -> str:
    """Return a text from elsewhere without what may be a token, for where it is kept or shown."""
    return _LIKE_A_TOKEN.sub("…", text)
