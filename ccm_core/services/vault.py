# SPDX-License-Identifier: MIT
"""Seals secrets with the keys of the key file, and derives keys for codes of authenticity.

AES-256-GCM (ASVS 11.3.2, Appendix C), a fresh 96-bit nonce at each write (ASVS 11.3.4), the key id in the sealed
bytes (ASVS 11.2.2), and the place they belong to as additional data, so that a row copied elsewhere does not open.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import stat
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ccm_core.errors import ConfigError, SealError

_VERSION = 1
_NONCE_BYTES = 12
_KEY_BYTES = 32
_ID_BYTES = 4
_MEND = "Restore the key file from the backup that belongs to this database."


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of the file in its order: the first seals, all open. Ids rise with age: the highest is the newest."""

    keys: Mapping[str, bytes]

    @property
    def primary(self) -> str:
        """Id of the key that seals."""
        return next(iter(self.keys))


def read_ring(path: Path) -> Ring:
    """Read ``id:key`` lines; raises ConfigError when the file is missing, open to others, or malformed."""
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except FileNotFoundError as error:
        raise ConfigError("%(path)s does not exist. %(mend)s Or run «ccm init».", path=path, mend=_MEND) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("The key file %(path)s cannot be read. %(mend)s", path=path, mend=_MEND) from error
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError("The key file %(path)s is open to other users. Run «chmod 600 %(path)s».", path=path)
    keys: dict[str, bytes] = {}
    for line in text.split():
        name, _, encoded = line.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES or len(name) != 2 * _ID_BYTES or name in keys or name.strip("0123456789abcdef"):
            raise ConfigError("The key file %(path)s is damaged. %(mend)s", path=path, mend=_MEND)
        keys[name] = key
    if not keys:
        raise ConfigError("The key file %(path)s holds no key. %(mend)s", path=path, mend=_MEND)
    return Ring(keys)


def write_ring(path: Path, ring: Ring) -> None:
    """Replace the key file as a whole, readable by its owner alone; raises ConfigError."""
    text = "".join(f"{name}:{base64.b64encode(key).decode()}\n" for name, key in ring.keys.items())
    draft = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()  # it may hold half of the keys
        raise ConfigError("%(path)s cannot be written: %(error)s.", path=path, error=error.strerror) from error


def new_key(ring: Ring | None = None) -> tuple[str, bytes]:
    """Return a fresh key with its id: random for the first of a file, above those of ``ring`` for a further one."""
    number = int(max(ring.keys), 16) + 1 if ring else secrets.randbelow(2**31)
    return f"{number:0{2 * _ID_BYTES}x}", secrets.token_bytes(_KEY_BYTES)


class Vault:
    """Seals, opens and authenticates. Safe for threads; learns keys that other processes added."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = str(path)
        self._lock = threading.Lock()
        self._derived: dict[tuple[str, str], bytes] = {}
        self._seen = self._fingerprint()
        self.ring = read_ring(path)

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Encrypt for one place, such as ``instance/1/user/2/plugin/x``."""
        key_id = self._primary()
        nonce = os.urandom(_NONCE_BYTES)
        head = bytes([_VERSION]) + bytes.fromhex(key_id)
        cipher = AESGCM(self._key(key_id, "seal"))
        return head + nonce + cipher.encrypt(nonce, plain, head + place.encode())

    def unseal(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt; raises SealError when the key is missing, or the bytes belong elsewhere or were changed."""
        head, nonce = sealed[: 1 + _ID_BYTES], sealed[1 + _ID_BYTES :][:_NONCE_BYTES]
        key_id = head[1:].hex()
        if head[:1] != bytes([_VERSION]) or len(nonce) != _NONCE_BYTES or not self._knows(key_id):
            raise SealError("Sealed data names the key %(key)s, which the key file does not hold.", key=key_id)
        try:
            cipher = AESGCM(self._key(key_id, "seal"))
            return cipher.decrypt(nonce, sealed[1 + _ID_BYTES + _NONCE_BYTES :], head + place.encode())
        except InvalidTag as error:
            raise SealError("Sealed data cannot be opened: it was changed or belongs elsewhere.") from error

    @staticmethod
    def key_of(sealed: bytes) -> str:
        """Return the id of the key that sealed these bytes."""
        return sealed[1 : 1 + _ID_BYTES].hex()

    def mac(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 with a key of its own for the purpose."""
        return hmac.digest(self._key(self._primary(), purpose), data, "sha256")

    def mac_fits(self, purpose: str, data: bytes, given: bytes) -> bool:
        """Compare in constant time (ASVS 11.2.4), under any key of the ring: windows stay open while keys rotate."""
        fits = self._any_fits(purpose, data, given)
        return fits or (self._reread() and self._any_fits(purpose, data, given))

    def _primary(self) -> str:
        """Return the key that seals now: one that was dropped from the file meanwhile would lose what it seals."""
        self._reread()
        return self.ring.primary

    def _any_fits(self, purpose: str, data: bytes, given: bytes) -> bool:
        made = [hmac.digest(self._key(key_id, purpose), data, "sha256") for key_id in self.ring.keys]
        return any([hmac.compare_digest(one, given) for one in made])  # noqa: C419 - all are compared, always

    def _key(self, key_id: str, purpose: str) -> bytes:
        derived = self._derived.get((key_id, purpose))
        if derived is None:
            kdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"ccm-core/{purpose}".encode())
            derived = self._derived[key_id, purpose] = kdf.derive(self.ring.keys[key_id])
        return derived

    def _knows(self, key_id: str) -> bool:
        return key_id in self.ring.keys or (self._reread() and key_id in self.ring.keys)

    def _fingerprint(self) -> tuple[int, int]:
        try:
            status = os.stat(self._file)  # noqa: PTH116 - at every use, and Path.stat takes thrice the time
        except OSError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_ino)

    def _reread(self) -> bool:
        """Read the file again if it has changed; whether it was read."""
        with self._lock:
            seen = self._fingerprint()
            if seen == self._seen:
                return False
            self._seen = seen
            try:
                self.ring = read_ring(self._path)
            except ConfigError:
                return False
            return True
