"""Settings: which source wins, and what is said when one is wrong."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from yingke.kernel.settings import Settings, SettingsError, describe, load


def faults(
    cwd: Path,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    toml: str = "",
) -> list[str]:
    if toml:
        (cwd / "yingke.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(flags or {}, environ or {}, cwd)
    return caught.value.faults


def with_(cwd: Path, **flags: object) -> Settings:
    return load(flags, {}, cwd)


def test_defaults(tmp_path: Path) -> None:
    settings = load({"port": None}, {"PATH": "/bin"}, tmp_path)
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/yingke.db"
    assert (settings.visitor_send_rate, settings.visitor_send_burst) == (1.0, 10)
    assert (settings.log_level, settings.session_days, settings.demo) == ("info", 14, False)
    assert settings.trusted_proxies == ()


def test_flag_before_environment_before_file(tmp_path: Path) -> None:
    (tmp_path / "yingke.toml").write_text('host = "file"\nport = 1\nsession_days = 3\n', encoding="utf-8")
    settings = load({"host": "flag"}, {"YINGKE_HOST": "environment", "YINGKE_PORT": "2"}, tmp_path)
    assert (settings.host, settings.port, settings.session_days) == ("flag", 2, 3)


def test_every_kind_of_value_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "yingke.toml").write_text(
        'trusted_proxies = ["10.0.0.0/8", "::1/128"]\nvisitor_send_rate = 2\ndemo = true\nlog_level = "DEBUG"\n'
        'data_dir = "d"\ndatabase_url = "sqlite:///x.db"\npublic_url = "https://Desk.Example:443/"\n',
        encoding="utf-8",
    )
    settings = load({}, {}, tmp_path)
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert (settings.visitor_send_rate, settings.demo, settings.log_level) == (2.0, True, "debug")
    assert settings.data_dir == tmp_path / "d"
    assert settings.database_url == f"sqlite:///{tmp_path}/x.db"
    assert settings.public_url == "https://desk.example"


def test_unknown_keys_name_the_nearest(tmp_path: Path) -> None:
    said = faults(
        tmp_path, {"prot": 1}, {"YINGKE_DATABASE": "x", "YINGKE_TEST_DATABASE_URL": "y"}, "trusted = 1"
    )
    assert said == [
        "trusted in yingke.toml is no setting; the nearest is trusted_proxies.",
        "YINGKE_DATABASE is no setting; the nearest is YINGKE_DATABASE_URL.",
        "--prot is no setting; the nearest is --port.",
    ]


@pytest.mark.parametrize(
    ("flags", "environ", "toml", "said"),
    [
        ({"port": 65536}, {}, "", "port from --port: 65536 is not allowed; it is a whole number from 0"),
        ({}, {"YINGKE_PORT": "http"}, "", "port from YINGKE_PORT: 'http' is not allowed"),
        ({}, {}, "port = true", "port from yingke.toml: True is not allowed"),
        ({}, {}, "port = 80.5", "port from yingke.toml: 80.5 is not allowed"),
        (
            {},
            {"YINGKE_DEMO": "maybe"},
            "",
            "demo from YINGKE_DEMO: 'maybe' is not allowed; it is true or false.",
        ),
        ({}, {"YINGKE_LOG_LEVEL": "loud"}, "", "it is debug, info, warning or error."),
        ({}, {"YINGKE_VISITOR_SEND_RATE": "nan"}, "", "visitor_send_rate from"),
        ({}, {"YINGKE_VISITOR_SEND_RATE": "0"}, "", "a number from 0.01 to 1000"),
        ({}, {"YINGKE_TRUSTED_PROXIES": "10.0.0.1/8"}, "", "trusted_proxies from"),
        ({}, {}, "trusted_proxies = [1]", "trusted_proxies from yingke.toml: [1]"),
        ({}, {"YINGKE_PUBLIC_URL": "desk.example"}, "", "public_url from"),
        ({}, {"YINGKE_PUBLIC_URL": "https://a.example/desk"}, "", "without a path"),
        ({}, {"YINGKE_PUBLIC_URL": "https://a.example:99999"}, "", "public_url from"),
        ({}, {"YINGKE_HOST": " "}, "", "host from YINGKE_HOST"),
        ({}, {}, "port = ", "yingke.toml cannot be read: Invalid value (at"),
    ],
)
def test_a_wrong_value_says_where_it_is_from_and_what_is_allowed(
    tmp_path: Path, flags: dict[str, Any], environ: dict[str, str], toml: str, said: str
) -> None:
    (fault,) = faults(tmp_path, flags, environ, toml)
    assert said in fault


def test_all_faults_are_said_at_once_and_nothing_is_made(tmp_path: Path) -> None:
    assert len(faults(tmp_path, {"port": -1}, {"YINGKE_DEMO": "x", "YINGKE_X": ""})) == 3
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_not_repeated(tmp_path: Path) -> None:
    short, password = "hunter2", "mysql://root:hunter2@host/db"
    said = faults(tmp_path, {}, {"YINGKE_SECRET_KEY": short, "YINGKE_DATABASE_URL": password})
    assert len(said) == 2
    assert "hunter2" not in " ".join(said)
    assert "hunter2" not in repr(with_(tmp_path, secret_key="hunter2" * 8))


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u:p%40@h:5433/d", "postgresql+psycopg://u:p%40@h:5433/d"),
        ("postgresql+psycopg://u@/d?host=/run", "postgresql+psycopg://u@/d?host=%2Frun"),
        ("sqlite:////srv/y.db", "sqlite:////srv/y.db"),
    ],
)
def test_database_addresses(tmp_path: Path, given: str, used: str) -> None:
    assert with_(tmp_path, database_url=given).database_url == used


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://h/d", "postgresql://host", "x", ""]
)
def test_what_is_no_database_to_work_on(tmp_path: Path, url: str) -> None:
    assert "postgresql://user:password@host/database" in faults(tmp_path, {"database_url": url})[0]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("desk.local", "http://desk.local:8000"),
    ],
)
def test_the_address_follows_host_and_port(tmp_path: Path, host: str, url: str) -> None:
    assert with_(tmp_path, host=host).public_url == url


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = with_(tmp_path)
    path = tmp_path / "data" / "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.secret_key) == 64
    assert with_(tmp_path).secret_key == first.secret_key
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]
    path.write_text("short", encoding="ascii")
    assert faults(tmp_path) == [f"secret_key from {path}: it holds no key of 32 characters or more."]


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be made" in faults(tmp_path, {"data_dir": "file/data"})[0]


def test_keys_are_made_for_a_purpose(tmp_path: Path) -> None:
    settings = with_(tmp_path, secret_key="x" * 32)
    assert settings.key_for("cursors") == with_(tmp_path, secret_key="x" * 32).key_for("cursors")
    assert settings.key_for("cursors") != settings.key_for("tickets")
    assert len(settings.key_for("cursors")) == 32


def test_cookies_follow_the_address(tmp_path: Path) -> None:
    plain, secure = with_(tmp_path), with_(tmp_path, public_url="https://desk.example")
    assert (plain.secure, plain.cookie_name("session")) == (False, "session")
    assert (secure.secure, secure.cookie_name("session")) == (True, "__Host-session")


def test_every_key_is_described() -> None:
    docs = {doc.key: doc for doc in describe()}
    assert set(docs) == set(Settings.__struct_fields__)
    assert docs["data_dir"][1:4] == ("YINGKE_DATA_DIR", "--data-dir", "./data")
