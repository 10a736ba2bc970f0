# SPDX-License-Identifier: MIT
"""Settings from environment variables ``CCM_…`` and from ``ccm.toml`` in the data directory; nothing else."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ccm_core.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PREFIX = "CCM_"
SHOWN = 80
"""Characters of a wrong value that its sentence shows."""
HASH_LIBRARIES = ("argon2-cffi", "libsodium")
"""What may make and verify password hashes; all make the same."""
NOT_SETTINGS = frozenset({"CCM_DEMO_PASSWORD"})
"""Variables with our prefix that a single command reads and that are no settings."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, checked. Times are in seconds unless the name says otherwise."""

    data_dir: Path
    database_url: str
    database_connections: int = 8
    database_wait_seconds: int = 10
    database_timeout_seconds: int = 20
    database_pooler: bool = False
    base_url: str = "http://127.0.0.1:8019"
    mail_url: str = "file:"
    mail_from: str = "ccm@localhost"
    trusted_proxies: tuple[Network, ...] = ()
    session_idle_seconds: int = 1800
    session_max_seconds: int = 43200
    login_seconds: int = 300
    reset_seconds: int = 3600
    recent_login_seconds: int = 900
    password_min_length: int = 15
    reset_keeps_second_factor: bool = False
    audit_days: int = 365
    hash_concurrency: int = 0
    hash_library: str = "argon2-cffi"
    metrics_from: tuple[Network, ...] = ()

    @property
    def key_file(self) -> Path:
        """The keys that seal secrets, one ``id:key`` line each, mode 0600."""
        return self.data_dir / "keys"

    @property
    def mail_dir(self) -> Path:
        """Where ``file:`` writes mails."""
        return self.data_dir / "mail"

    @property
    def secure(self) -> bool:
        """Whether people reach us by https: secure cookies and HSTS."""
        return self.base_url.startswith("https:")

    @property
    def host(self) -> str:
        """Host name of the base URL, without port, lower case."""
        return (urlsplit(self.base_url).hostname or "").casefold()

    def origin_of(self, host: str) -> str:
        """Origin of the instance with this host name: scheme and port of the base URL."""
        parts = urlsplit(self.base_url)
        port = None if parts.port == {"http": 80, "https": 443}[parts.scheme] else parts.port
        name = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings; raises ConfigError with a sentence that names the wrong one."""
    env = os.environ if environment is None else environment
    data_dir = Path(env.get("CCM_DATA_DIR") or "var").resolve()
    raw: dict[str, object] = {**_file_values(data_dir / "ccm.toml"), **_environment_values(env)}
    raw.pop("data_dir", None)
    checked = {name: _CHECKS[name](name, value) for name, value in raw.items()}
    url = checked.pop("database_url", None) or f"sqlite:///{data_dir / 'ccm.sqlite3'}"
    settings = Settings(data_dir=data_dir, database_url=str(url), **checked)  # type: ignore[arg-type]  # checked above
    if settings.session_max_seconds < settings.session_idle_seconds:
        raise ConfigError("CCM_SESSION_MAX_SECONDS must not be below CCM_SESSION_IDLE_SECONDS.")
    _check_metrics(settings)
    if settings.database_wait_seconds > settings.database_timeout_seconds:
        raise ConfigError("CCM_DATABASE_WAIT_SECONDS must not be above CCM_DATABASE_TIMEOUT_SECONDS.")
    return settings


def _check_metrics(settings: Settings) -> None:
    """Refuse what would open the figures to everybody whom a proxy lets in, or to nobody."""
    if settings.metrics_from and settings.secure and not settings.trusted_proxies:
        raise ConfigError(
            "CCM_METRICS_FROM is set and CCM_BASE_URL is https, but CCM_TRUSTED_PROXIES names no proxy: everybody "
            "would seem to come from its address. Name the proxy that speaks https."
        )
    for reader in settings.metrics_from:
        for proxy in settings.trusted_proxies:
            if reader.version == proxy.version and reader.subnet_of(proxy):  # type: ignore[arg-type]  # of one version
                raise ConfigError(
                    "CCM_METRICS_FROM names %(reader)s, which CCM_TRUSTED_PROXIES trusts to speak for others: "
                    "let whoever reads the figures come from an address of its own.",
                    reader=reader,
                )


def _environment_values(env: Mapping[str, str]) -> dict[str, str]:
    values = {}
    for variable, value in env.items():
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS or value == "":
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in _NAMES or variable != PREFIX + name.upper():
            raise ConfigError("%(name)s is no setting. Remove it or correct its name.", name=variable)
        values[name] = value
    return values


def _file_values(path: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        raise ConfigError("%(path)s cannot be read: %(error)s. Mend or remove it.", path=path, error=error) from error
    for name in values:
        if name not in _NAMES or name == "data_dir":
            raise ConfigError("%(path)s: %(name)s is no setting of this file.", path=path, name=name)
    return values


def _wrong(name: str, what: str, value: object) -> ConfigError:
    try:
        shown = repr(value)
    except ValueError:  # a number of thousands of digits
        shown = "…"
    shown = shown if len(shown) <= SHOWN else shown[:SHOWN] + "…"
    return ConfigError("%(name)s must be %(what)s, not %(value)s.", name=PREFIX + name.upper(), what=what, value=shown)


def _whole(lowest: int, highest: int = 10**9) -> Callable[[str, object], int]:
    def check(name: str, value: object) -> int:
        number: object = value
        if isinstance(value, str):
            number = int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else None
        if isinstance(number, bool) or not isinstance(number, int) or not lowest <= number <= highest:
            raise _wrong(name, f"a whole number from {lowest} to {highest}", value)
        return number

    return check


def _truth(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if not isinstance(value, str) or value.lower() not in known:
        raise _wrong(name, "true or false", value)
    return known[value.lower()]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise _wrong(name, "a line of text", value)
    return value


def _base_url(name: str, value: object) -> str:
    what = "an address such as https://ccm.example.org, without a path"
    try:
        parts = urlsplit(_text(name, value))
        wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or "@" in parts.netloc
    except ValueError as error:
        raise _wrong(name, what, value) from error
    if wrong or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise _wrong(name, what, value)
    return f"{parts.scheme}://{parts.netloc}"


def _mail_url(name: str, value: object) -> str:
    what = "file:, smtp://user:password@host:587 or smtps://user:password@host:465, with user and password in ASCII"
    try:
        parts = urlsplit(_text(name, value))
        smtp = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
        fits = value == "file:" or (smtp and unquote(str(value)).isascii())  # smtplib logs in with ASCII only
    except ValueError as error:
        raise _wrong(name, what, "…") from error
    if not fits:
        raise _wrong(name, what, "…")
    return str(value)


def _database_url(name: str, value: object) -> str:
    text = _text(name, value)
    try:
        parts = urlsplit(text)
        fits = text.startswith("sqlite:///") or (
            parts.scheme == "postgresql" and len(parts.path) > 1 and parts.port != 0
        )
    except ValueError:
        fits = False
    if not fits:
        what = "sqlite:////path/of/the/file or postgresql://user:password@host:5432/database"
        raise _wrong(name, what, text.partition(":")[0] + ":…")
    return text


def _sender(name: str, value: object) -> str:
    text = _text(name, value)
    if text.count("@") != 1 or " " in text or text.startswith("@") or text.endswith("@"):
        raise _wrong(name, "an e-mail address", value)
    return text


def _hash_library(name: str, value: object) -> str:
    if value not in HASH_LIBRARIES:
        raise _wrong(name, " or ".join(HASH_LIBRARIES), value)
    return str(value)


def _networks(name: str, value: object) -> tuple[Network, ...]:
    try:
        parts = value if isinstance(value, list) else str(value).replace(",", " ").split()
        return tuple(ipaddress.ip_network(str(part)) for part in parts)
    except ValueError as error:
        raise _wrong(name, "addresses or networks separated by commas", value) from error


_NAMES = frozenset(f.name for f in fields(Settings))
_CHECKS: dict[str, Callable[[str, object], object]] = {
    "database_url": _database_url,
    "database_connections": _whole(2, 200),
    "database_wait_seconds": _whole(1, 600),
    "database_timeout_seconds": _whole(1, 600),
    "database_pooler": _truth,
    "base_url": _base_url,
    "mail_url": _mail_url,
    "mail_from": _sender,
    "trusted_proxies": _networks,
    "session_idle_seconds": _whole(60),
    "session_max_seconds": _whole(60),
    "login_seconds": _whole(30, 3600),
    "reset_seconds": _whole(60, 86400),
    "recent_login_seconds": _whole(30, 86400),
    "password_min_length": _whole(8, 64),
    "reset_keeps_second_factor": _truth,
    "audit_days": _whole(1, 36500),
    "hash_concurrency": _whole(1, 64),
    "hash_library": _hash_library,
    "metrics_from": _networks,
}
