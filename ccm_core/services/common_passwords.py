# SPDX-License-Identifier: MIT
"""Long passwords that guessing programs try first (ASVS 6.2.4, NIST 800-63B 3.1.1.2: the whole password is compared).

Lists of leaked passwords hold almost nothing of 15 characters; what there is follows a few patterns, so the list is
made from these patterns: a well-known word twice or with another, a word with a run of digits, a run over the
keyboard or the alphabet, one piece repeated.
"""

from __future__ import annotations

import itertools
import re
from functools import cache

WORDS = [
    "password",
    "passwort",
    "kennwort",
    "geheim",
    "secret",
    "letmein",
    "welcome",
    "willkommen",
    "hallo",
    "hello",
    "iloveyou",
    "ichliebedich",
    "sunshine",
    "princess",
    "dragon",
    "monkey",
    "football",
    "fussball",
    "baseball",
    "basketball",
    "superman",
    "batman",
    "master",
    "admin",
    "administrator",
    "root",
    "login",
    "qwerty",
    "qwertz",
    "qwertyuiop",
    "qwertzuiop",
    "asdfgh",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "abc123",
    "trustno1",
    "starwars",
    "computer",
    "internet",
    "samsung",
    "google",
    "facebook",
    "schatz",
    "sommer",
    "winter",
    "fruehling",
    "herbst",
    "summer",
    "spring",
    "autumn",
    "michael",
    "jennifer",
    "jordan",
    "daniel",
    "thomas",
    "charlie",
    "shadow",
    "killer",
    "flower",
    "cookie",
    "consent",
    "manager",
    "default",
    "changeme",
    "test",
    "testing",
    "access",
    "whatever",
    "freedom",
    "mustang",
    "michelle",
    "jessica",
    "pepper",
    "ginger",
    "hannover",
    "berlin",
    "hamburg",
    "muenchen",
    "deutschland",
    "schalke04",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "123456",
    "12345678",
    "123456789",
    "1234567890",
    "111111",
    "000000",
    "654321",
    "987654321",
    "123123",
]
TAILS = (
    "1",
    "12",
    "123",
    "1234",
    "12345",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "!",
    "1!",
    "123!",
)
RUNS = (
    "01234567890123456789012345678901234567890123456789",
    "98765432109876543210987654321098765432109876543210",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1q2w3e4r5t6y7u8i9o0p",
    "1q2w3e4r5t6z7u8i9o0p",
    "1234567890qwertyuiop",
    "1234567890qwertzuiop",
    "q1w2e3r4t5y6u7i8o9p0",
)
SHORTEST = 8


@cache
def listed() -> frozenset[str]:
    """All listed passwords in lower case, at least 8 characters long."""
    pairs = ("".join(pair) for pair in itertools.product(WORDS, repeat=2))
    tails = (word + tail for word in WORDS for tail in TAILS)
    long_tails = (a + b + tail for a, b in itertools.product(WORDS, repeat=2) for tail in ("1", "123", "!") if a == b)
    return frozenset(text for text in itertools.chain(WORDS, pairs, tails, long_tails) if len(text) >= SHORTEST)


def is_common(password: str) -> bool:
    """Whether a password is listed, a run, or one short piece repeated."""
    text = password.casefold()
    return text in listed() or any(text in run for run in RUNS) or _piece(text) != text


def is_about(password: str, context: frozenset[str]) -> bool:
    """Whether a password is only a context word, such as the user's own name, perhaps repeated or with digits around.

    ``context`` holds lower-case words (ASVS 6.1.2, 6.2.11).
    """
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password.casefold())
    return bool({bare, _piece(bare), password.casefold()} & context)


def _piece(text: str) -> str:
    """Return the piece that a text repeats, else the text."""
    at = (text + text).find(text, 1)
    return text[:at] if at < len(text) else text
