# SPDX-License-Identifier: MIT
"""A new deployment is made as a whole or not at all."""

import stat
from pathlib import Path

import pytest

from ccm_core.config import Settings, load
from ccm_core.errors import CcmError, ConfigError
from ccm_core.services.installation import NewAccount, check_fresh, install, is_installed
from ccm_core.services.parts import assemble

ANNA = NewAccount("anna", "anna@example.org", "a long enough password", administrator=True)


def clock() -> float:
    return 1_700_000_000.0


def settings_of(data: Path, **more: str) -> Settings:
    return load({"CCM_DATA_DIR": str(data)} | {f"CCM_{name.upper()}": value for name, value in more.items()})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_deployment_has_a_folder_a_key_a_database_and_an_administrator(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "deep" / "data", base_url="https://ccm.example.org")
    install(settings, clock, [ANNA, NewAccount("erika", "erika@example.org", "another long password")])
    assert is_installed(settings)
    assert (mode(settings.data_dir), mode(settings.key_file)) == (0o700, 0o600)
    assert mode(settings.data_dir / "ccm.sqlite3") == 0o600
    parts = assemble(settings, clock)
    assert dict(parts.instances.hosts()) == {"ccm.example.org": "on-premise"}
    listed = parts.users.listed(parts.instances.get(None, clock())).users
    found = [(one.account.name, one.account.administrator, one.account.password_hash is None) for one in listed]
    assert found == [("anna", True, False), ("erika", False, False)]
    parts.database.dispose()


def test_every_deployment_has_a_key_of_its_own(tmp_path: Path) -> None:
    texts = set()
    for name in ("a", "b"):
        settings = settings_of(tmp_path / name)
        install(settings, clock, [ANNA])
        texts.add(settings.key_file.read_text().partition(":")[2])
    assert len(texts) == 2


BAD = [
    NewAccount("anna", "anna@example.org", "short"),
    NewAccount("anna@x", "anna@example.org", ANNA.password),
    NewAccount("anna", "nonsense", ANNA.password),
]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_account_leaves_nothing(tmp_path: Path, bad: NewAccount) -> None:
    with pytest.raises(CcmError):
        install(settings_of(tmp_path / "deep" / "data"), clock, [ANNA, bad])
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(settings_of(tmp_path / "data"), interrupted, [ANNA])
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_what_was_there_before(tmp_path: Path) -> None:
    (tmp_path / "ccm.toml").write_text("login_seconds = 60")
    with pytest.raises(CcmError):
        install(settings_of(tmp_path), clock, [BAD[0]])
    assert [path.name for path in tmp_path.iterdir()] == ["ccm.toml"]
    install(settings_of(tmp_path), clock, [ANNA])
    assert (tmp_path / "ccm.toml").read_text() == "login_seconds = 60"


def test_passwords_that_nobody_knows_are_kept_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    install(settings_of(tmp_path), clock, [ANNA], passwords_file=tmp_path / "passwords")
    assert (tmp_path / "passwords").read_text() == f"anna {ANNA.password}\n"
    assert mode(tmp_path / "passwords") == 0o600


def test_passwords_that_cannot_be_kept_leave_nothing_but_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "passwords").mkdir()
    with pytest.raises(ConfigError, match="passwords cannot be written: Is a directory"):
        install(settings_of(tmp_path), clock, [ANNA], passwords_file=tmp_path / "passwords")
    assert [path.name for path in tmp_path.iterdir()] == ["passwords"]


def test_a_base_url_that_no_instance_can_have_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(CcmError, match="is not a host name"):
        install(settings_of(tmp_path / "data", base_url="http://under_score"), clock, [ANNA])
    assert list(tmp_path.iterdir()) == []


def test_a_second_time_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    install(settings, clock, [ANNA])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ConfigError, match="is initialised already"):
        install(settings, clock, [ANNA])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("there", "missing"), [("keys", "ccm.sqlite3"), ("ccm.sqlite3", "keys")])
def test_one_half_of_a_deployment_is_refused_and_kept(tmp_path: Path, there: str, missing: str) -> None:
    (tmp_path / there).write_text("kept")
    with pytest.raises(ConfigError, match=f"{there} exists, but .*{missing} does not"):
        check_fresh(settings_of(tmp_path))
    with pytest.raises(ConfigError):
        install(settings_of(tmp_path), clock, [ANNA])
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigError, match="data cannot be made: File exists"):
        install(settings_of(tmp_path / "data"), clock, [ANNA])
    with pytest.raises(ConfigError, match="data cannot be made: File exists"):
        install(settings_of(tmp_path / "data" / "deeper"), clock, [ANNA])


def test_a_database_whose_folder_does_not_exist_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nowhere/ccm.sqlite3"
    with pytest.raises(ConfigError, match="cannot be created: No such file"):
        install(settings_of(tmp_path / "data", database_url=url), clock, [ANNA])
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_not_part_of_what_is_printed() -> None:
    assert ANNA.password not in repr(ANNA)
