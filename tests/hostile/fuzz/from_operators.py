# SPDX-License-Identifier: MIT
"""What parsers of the operator's input promise: settings, key file, sealed data, times."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import click
import pytest

from ccm_core.cli.times import Moment
from ccm_core.config import Settings, load
from ccm_core.errors import ConfigError, SealError
from ccm_core.services.transports import transport_for
from ccm_core.services.vault import Ring, Vault, read_ring, write_ring

RING = Ring({"00000001": bytes(range(32))})
PLACE = "instance/1/user/2/plugin/x"
LONGEST_SENTENCE = 2000


def assert_told(error: ConfigError, *, longest: int = LONGEST_SENTENCE) -> None:
    """Require that an error can be read."""
    assert 0 < len(str(error)) < longest


def moment(text: str) -> None:
    """A time is a number of seconds, or refused by the command line."""
    console = click.Context(click.Command("ccm"), obj=SimpleNamespace(clock=lambda: 1_800_000_000.0))
    try:
        found = Moment().convert(text, None, console)
    except click.BadParameter:
        return
    assert isinstance(found, float)


class Files:
    """Files of a data directory, written anew for each input."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settings_file = folder / "ccm.toml"
        self._keys = folder / "keys"

    @cached_property
    def _vault(self) -> Vault:
        path = self._folder / "sealing-keys"
        write_ring(path, RING)
        return Vault(path)

    def settings_file(self, text: str) -> None:
        """A settings file is refused with a sentence, or everything in it can be used."""
        for content in (text, f"audit_days = {text}", f'base_url = "{text}"', f"trusted_proxies = [{text}]"):
            self._settings_file.write_bytes(content.encode("utf-8", "surrogatepass"))
            self._load({})
        self._settings_file.unlink()

    def environment(self, text: str) -> None:
        """The environment likewise: ``NAME=value`` lines, or the value of one setting."""
        pairs = (line.partition("=") for line in text.split("\n"))
        self._load({name: value for name, _, value in pairs if name != "CCM_DATA_DIR"})
        for name in ("BASE_URL", "MAIL_URL", "MAIL_FROM", "TRUSTED_PROXIES", "DATABASE_URL", "AUDIT_DAYS"):
            self._load({f"CCM_{name}": text})

    def _load(self, environment: Mapping[str, str]) -> None:
        try:
            settings = load({**environment, "CCM_DATA_DIR": str(self._folder)})
        except ConfigError as error:
            assert_told(error, longest=200_000)
            return
        usable(settings)

    def key_file(self, text: str) -> None:
        """A key file is refused with a sentence, or stays the same when it is written again."""
        self._keys.touch(mode=0o600)
        self._keys.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            ring = read_ring(self._keys)
        except ConfigError as error:
            assert_told(error)
            return
        write_ring(self._keys, ring)
        assert read_ring(self._keys) == ring

    def sealed(self, text: str) -> None:
        """Sealed data opens unchanged and at its place, or not at all."""
        data = text.encode("utf-8", "surrogatepass")
        sealed = self._vault.seal(data, place=PLACE)
        assert self._vault.unseal(sealed, place=PLACE) == data
        for changed, place in ((data, PLACE), (sealed, f"{PLACE}/y"), (sealed + b"\0", PLACE), (sealed[:-1], PLACE)):
            with pytest.raises(SealError):
                self._vault.unseal(changed, place=place)


def usable(settings: Settings) -> None:
    """Require that what was accepted works, and that https is seen as such however it is written."""
    parts = urlsplit(settings.base_url)
    assert settings.secure == (parts.scheme == "https")
    assert settings.origin_of(settings.host).startswith("https://" if settings.secure else "http://")
    assert settings.host == settings.host.casefold() != ""
    assert transport_for(settings) is not None
    assert 60 <= settings.session_idle_seconds <= settings.session_max_seconds <= 10**9
    assert 1 <= settings.audit_days <= 36500
    assert all(network.prefixlen <= network.max_prefixlen for network in settings.trusted_proxies)
