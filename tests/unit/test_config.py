# SPDX-License-Identifier: MIT
"""Settings: from the environment and from ccm.toml; each one checked, and named when it is wrong."""

import ipaddress
from pathlib import Path

import pytest

from ccm_core.config import Settings, load
from ccm_core.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def loaded(folder: Path, **variables: str) -> Settings:
    return load({"CCM_DATA_DIR": str(folder), **variables})


def refusal(folder: Path, **variables: str) -> str:
    with pytest.raises(ConfigError) as refused:
        loaded(folder, **variables)
    return str(refused.value)


def test_without_any_setting_the_defaults_hold(folder: Path) -> None:
    settings = loaded(folder)
    assert settings == Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'ccm.sqlite3'}")
    assert (settings.base_url, settings.mail_url, settings.mail_from) == (
        "http://127.0.0.1:8019",
        "file:",
        "ccm@localhost",
    )
    assert (settings.session_idle_seconds, settings.session_max_seconds, settings.login_seconds) == (1800, 43200, 300)
    assert (settings.reset_seconds, settings.recent_login_seconds, settings.audit_days) == (3600, 900, 365)
    assert (settings.password_min_length, settings.reset_keeps_second_factor) == (15, False)
    assert (settings.key_file, settings.mail_dir) == (folder / "keys", folder / "mail")


def test_the_data_directory_is_var_beside_the_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert load({}).data_dir == folder / "var"
    assert load({"CCM_DATA_DIR": ""}).data_dir == folder / "var"
    assert load({"CCM_DATA_DIR": "here"}).data_dir == folder / "here"


GOOD: list[tuple[str, str, object]] = [
    ("base_url", "https://ccm.example.org", "https://ccm.example.org"),
    ("base_url", "http://[::1]:8019/", "http://[::1]:8019"),
    ("mail_url", "smtp://user:p%40ss@mail.example.org:587", "smtp://user:p%40ss@mail.example.org:587"),
    ("mail_url", "smtps://mail.example.org", "smtps://mail.example.org"),
    ("mail_from", "noreply@example.org", "noreply@example.org"),
    ("trusted_proxies", "", ()),
    ("trusted_proxies", "10.0.0.1", (ipaddress.ip_network("10.0.0.1/32"),)),
    ("trusted_proxies", "10.0.0.0/8, ::1", (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))),
    ("metrics_from", "10.0.0.7", (ipaddress.ip_network("10.0.0.7/32"),)),
    ("session_idle_seconds", "60", 60),
    ("session_max_seconds", "86400", 86400),
    ("login_seconds", "30", 30),
    ("reset_seconds", "86400", 86400),
    ("recent_login_seconds", "30", 30),
    ("password_min_length", "8", 8),
    ("password_min_length", "64", 64),
    ("reset_keeps_second_factor", "true", True),
    ("reset_keeps_second_factor", "NO", False),
    ("reset_keeps_second_factor", "1", True),
    ("audit_days", "1", 1),
    ("hash_concurrency", "4", 4),
    ("database_connections", "2", 2),
    ("database_wait_seconds", "20", 20),
    ("database_timeout_seconds", "600", 600),
    ("database_pooler", "true", True),
    ("database_url", "sqlite:////tmp/ccm.sqlite3", "sqlite:////tmp/ccm.sqlite3"),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_good_setting_is_taken(folder: Path, name: str, text: str, value: object) -> None:
    assert getattr(loaded(folder, **{f"CCM_{name.upper()}": text}), name) == value


BAD = [
    ("database_connections", "1"),
    ("database_wait_seconds", "0"),
    ("database_timeout_seconds", "601"),
    ("database_pooler", "perhaps"),
    ("base_url", "ccm.example.org"),
    ("base_url", "ftp://ccm.example.org"),
    ("base_url", "https://"),
    ("base_url", "https://ccm.example.org/path"),
    ("base_url", "https://ccm.example.org?q=1"),
    ("base_url", "https://user@ccm.example.org"),
    ("base_url", "https://:password@ccm.example.org"),
    ("base_url", "https://ccm.example.org:0"),
    ("base_url", "https://ccm.example.org:99999"),
    ("base_url", "https://[::1"),
    ("base_url", "https://ccm.example.org\n"),
    ("mail_url", "mail.example.org"),
    ("mail_url", "http://mail.example.org"),
    ("mail_url", "smtp://"),
    ("mail_url", "smtp://mail.example.org:0"),
    ("mail_url", "smtp://mail.example.org:99999"),
    ("mail_from", "ccm"),
    ("mail_from", "a@b@c"),
    ("mail_from", "@example.org"),
    ("mail_from", "ccm @example.org"),
    ("mail_from", "ccm@example.org\nBcc: x@example.org"),
    ("trusted_proxies", "proxy.example.org"),
    ("trusted_proxies", "10.0.0.1/8"),
    ("trusted_proxies", "10.0.0"),
    ("session_idle_seconds", "59"),
    ("session_idle_seconds", "1e9"),
    ("session_idle_seconds", "-60"),
    ("session_idle_seconds", "1800.0"),
    ("session_idle_seconds", "1 800"),
    ("session_idle_seconds", "٦٠٠"),
    ("session_idle_seconds", "9" * 5000),
    ("session_max_seconds", "x"),
    ("login_seconds", "29"),
    ("login_seconds", "3601"),
    ("reset_seconds", "86401"),
    ("recent_login_seconds", "0"),
    ("password_min_length", "7"),
    ("password_min_length", "65"),
    ("reset_keeps_second_factor", "maybe"),
    ("reset_keeps_second_factor", "2"),
    ("audit_days", "0"),
    ("hash_concurrency", "65"),
    ("database_url", "mysql://localhost/ccm"),
    ("database_url", "sqlite://"),
    ("database_url", "/tmp/ccm.sqlite3"),
]


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_wrong_setting_is_named_with_what_it_must_be(folder: Path, name: str, text: str) -> None:
    sentence = refusal(folder, **{f"CCM_{name.upper()}": text})
    assert sentence.startswith(f"CCM_{name.upper()} must be ")


@pytest.mark.parametrize("name", ["mail_url", "database_url"])
def test_a_wrong_address_with_a_password_does_not_quote_it(folder: Path, name: str) -> None:
    assert "secret" not in refusal(folder, **{f"CCM_{name.upper()}": "http://user:secret@host"})


@pytest.mark.parametrize("name", ["CCM_BASEURL", "CCM_base_url", "CCM_", "CCM_KEY_FILE", "CCM_SECURE"])
def test_an_unknown_setting_is_named(folder: Path, name: str) -> None:
    assert refusal(folder, **{name: "x"}).startswith(f"{name} is no setting.")


def test_other_variables_and_empty_ones_are_not_ours(folder: Path) -> None:
    assert loaded(folder, PATH="/bin", CCMS="x", CCM_BASE_URL="", CCM_DEMO_PASSWORD="x") == loaded(folder)


def test_a_session_cannot_idle_longer_than_it_lives(folder: Path) -> None:
    sentence = refusal(folder, CCM_SESSION_IDLE_SECONDS="3600", CCM_SESSION_MAX_SECONDS="1800")
    assert sentence == "CCM_SESSION_MAX_SECONDS must not be below CCM_SESSION_IDLE_SECONDS."
    sentence = refusal(folder, CCM_DATABASE_WAIT_SECONDS="21")
    assert sentence == "CCM_DATABASE_WAIT_SECONDS must not be above CCM_DATABASE_TIMEOUT_SECONDS."


def test_the_file_holds_the_same_settings_in_lower_case(folder: Path) -> None:
    (folder / "ccm.toml").write_text(
        'base_url = "https://ccm.example.org"\naudit_days = 30\nreset_keeps_second_factor = true\n'
        'trusted_proxies = ["10.0.0.1", "::1"]\n',
        "utf-8",
    )
    settings = loaded(folder)
    assert (settings.base_url, settings.audit_days, settings.reset_keeps_second_factor) == (
        "https://ccm.example.org",
        30,
        True,
    )
    assert len(settings.trusted_proxies) == 2


def test_the_environment_counts_more_than_the_file(folder: Path) -> None:
    (folder / "ccm.toml").write_text("audit_days = 30\nlogin_seconds = 60\n", "utf-8")
    settings = loaded(folder, CCM_AUDIT_DAYS="7")
    assert (settings.audit_days, settings.login_seconds) == (7, 60)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("audit_days = ", "cannot be read"),
        ("audit_days: 30", "cannot be read"),
        ("nonsense = 1", "nonsense is no setting of this file"),
        ("CCM_AUDIT_DAYS = 30", "CCM_AUDIT_DAYS is no setting of this file"),
        ('data_dir = "/tmp"', "data_dir is no setting of this file"),
        ("[web]\naudit_days = 30", "web is no setting of this file"),
        ("audit_days = 30.0", "CCM_AUDIT_DAYS must be a whole number"),
        ("audit_days = true", "CCM_AUDIT_DAYS must be a whole number"),
        ("audit_days = []", "CCM_AUDIT_DAYS must be a whole number"),
        ("base_url = 1", "CCM_BASE_URL must be"),
        ("mail_url = false", "CCM_MAIL_URL must be"),
        ("reset_keeps_second_factor = 1", "CCM_RESET_KEEPS_SECOND_FACTOR must be true or false"),
        ("trusted_proxies = [1.5]", "CCM_TRUSTED_PROXIES must be"),
        ("trusted_proxies = [[]]", "CCM_TRUSTED_PROXIES must be"),
        ("audit_days = " + "9" * 5000, "cannot be read"),
        ("audit_days = " + "[" * 5000, "cannot be read"),
        ("audit_days = 0x" + "f" * 5000, "CCM_AUDIT_DAYS must be a whole number from 1 to 36500, not …."),
        ("trusted_proxies = 0x" + "f" * 5000, "CCM_TRUSTED_PROXIES must be"),
        ("base_url = '" + "x" * 5000 + "'", "not '" + "x" * 79 + "…."),
    ],
)
def test_a_wrong_file_is_named(folder: Path, content: str, named: str) -> None:
    (folder / "ccm.toml").write_text(content, "utf-8")
    assert named in refusal(folder)


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "ccm.toml").write_bytes(b"\xff\xfe")
    assert str(folder / "ccm.toml") in refusal(folder)


def test_a_folder_in_place_of_the_file_is_named(folder: Path) -> None:
    (folder / "ccm.toml").mkdir()
    assert "cannot be read" in refusal(folder)


@pytest.mark.parametrize(
    ("base", "host", "origin", "secure"),
    [
        ("https://CCM.example.org", "ccm.example.org", "https://a.example", True),
        ("https://ccm.example.org:8443", "ccm.example.org", "https://a.example:8443", True),
        ("http://127.0.0.1:8019", "127.0.0.1", "http://a.example:8019", False),
        ("https://ccm.example.org:443", "ccm.example.org", "https://a.example", True),
        ("HTTPS://ccm.example.org", "ccm.example.org", "https://a.example", True),
        (" https://ccm.example.org/?#", "ccm.example.org", "https://a.example", True),
    ],
)
def test_what_is_known_from_the_base_url(folder: Path, base: str, host: str, origin: str, secure: bool) -> None:
    settings = loaded(folder, CCM_BASE_URL=base)
    assert (settings.host, settings.origin_of("a.example"), settings.secure) == (host, origin, secure)
    assert settings.origin_of("::1").count("[::1]") == 1


def test_figures_are_not_opened_to_whoever_comes_through_a_proxy(folder: Path) -> None:
    https = {"CCM_BASE_URL": "https://ccm.example", "CCM_METRICS_FROM": "10.0.0.7"}
    assert refusal(folder, **https).startswith("CCM_METRICS_FROM is set and CCM_BASE_URL is https, but")
    assert loaded(folder, **https, CCM_TRUSTED_PROXIES="10.0.0.1").metrics_from
    assert loaded(folder, CCM_BASE_URL="https://ccm.example").metrics_from == ()


@pytest.mark.parametrize(("readers", "named"), [("127.0.0.1", "127.0.0.1/32"), ("10.0.0.7 127.0.0.0/8", "127.0.0.0/8")])
def test_figures_are_not_promised_to_a_trusted_proxy(folder: Path, readers: str, named: str) -> None:
    told = refusal(folder, CCM_METRICS_FROM=readers, CCM_TRUSTED_PROXIES="::1 127.0.0.0/8")
    assert told.startswith(f"CCM_METRICS_FROM names {named}, which CCM_TRUSTED_PROXIES trusts")
    assert loaded(folder, CCM_METRICS_FROM="10.0.0.0/8 2001:db8::1", CCM_TRUSTED_PROXIES="10.0.0.1 ::1").metrics_from
