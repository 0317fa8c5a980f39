"""What an installation decides: flag > `YINGKE_*` environment > `yingke.toml` > default.

Unknown keys and wrong values are refused, all of them at once, each with its key, where it came from and what is
allowed; secrets are never repeated in a message.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import hmac
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

FILE = "yingke.toml"
PREFIX = "YINGKE_"
# Tests name their own server and switches by this prefix; the product never looks there.
TEST_PREFIX = "YINGKE_TEST_"

Network = IPv4Network | IPv6Network


class SettingsError(ValueError):
    """Settings that cannot be used. `faults` are whole sentences, one for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in force, checked."""

    host: str
    port: int
    public_url: str  # an origin: no slash at the end, no default port
    trusted_proxies: tuple[Network, ...]
    data_dir: Path
    database_url: str
    secret_key: str
    visitor_send_rate: float  # messages per second
    visitor_send_burst: int
    log_level: str
    session_days: int
    demo: bool

    @property
    def secure(self) -> bool:
        """Whether cookies are Secure: as the address people use is https or not."""
        return self.public_url.startswith("https://")

    def cookie_name(self, name: str) -> str:
        """`__Host-…` over https. Browsers refuse that prefix over http, so there it is the plain name."""
        return f"__Host-{name}" if self.secure else name

    def key_for(self, purpose: str) -> bytes:
        """32 bytes for one purpose; what leaks for one tells nothing of another."""
        return hmac.digest(self.secret_key.encode(), purpose.encode(), hashlib.sha256)

    def __repr__(self) -> str:
        return f"Settings(public_url={self.public_url!r}, data_dir={str(self.data_dir)!r}, …)"


class SettingDoc(NamedTuple):
    """One line of the table in docs/install.md."""

    key: str
    environment: str
    flag: str
    default: str
    allowed: str
    what: str


class _Key(NamedTuple):
    what: str
    default: str
    allowed: str
    parse: Callable[[Any, Path], Any]  # raises ValueError or TypeError for what is not allowed
    secret: bool = False


def load(flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Settings:
    """The settings from these sources; a flag that is None was not given. Relative paths are under `cwd`.

    Creates `data_dir` and the secret in it where there is none. Raises SettingsError.
    """
    faults: list[str] = []
    found: dict[str, Any] = {}
    for key, (raw, origin) in _gather(flags, environ, cwd, faults).items():
        spec = _KEYS[key]
        try:
            found[key] = spec.parse(raw, cwd)
        except (ValueError, TypeError):
            shown = "the value" if spec.secret else repr(raw)
            faults.append(f"{key} from {origin}: {shown} is not allowed; it is {spec.allowed}.")
    if faults:
        raise SettingsError(faults)
    host, port = found.setdefault("host", "127.0.0.1"), found.setdefault("port", 8000)
    data_dir = found.setdefault("data_dir", cwd / "data")
    _make(data_dir)
    return Settings(
        host=host,
        port=port,
        public_url=found.get("public_url") or _local_url(host, port),
        trusted_proxies=found.get("trusted_proxies", ()),
        data_dir=data_dir,
        database_url=found.get("database_url") or f"sqlite:///{data_dir / 'yingke.db'}",
        secret_key=found.get("secret_key") or _kept_secret(data_dir),
        visitor_send_rate=found.get("visitor_send_rate", 1.0),
        visitor_send_burst=found.get("visitor_send_burst", 10),
        log_level=found.get("log_level", "info"),
        session_days=found.get("session_days", 14),
        demo=found.get("demo", False),
    )


def _make(data_dir: Path) -> None:
    """Raises SettingsError where the folder cannot be made."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError([f"data_dir {data_dir} cannot be made: {error.strerror}."]) from None


def describe() -> list[SettingDoc]:
    """Every key, for the documents and `--help`."""
    return [
        SettingDoc(key, PREFIX + key.upper(), _flag(key), spec.default, spec.allowed, spec.what)
        for key, spec in _KEYS.items()
    ]


# --- sources ---------------------------------------------------------------------------------------------------------


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def _gather(
    flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path, faults: list[str]
) -> dict[str, tuple[Any, str]]:
    """Key → value and where it came from; the later source wins."""
    found: dict[str, tuple[Any, str]] = {}

    def add(key: str, raw: Any, origin: str) -> None:
        if key in _KEYS:
            found[key] = raw, origin
        else:
            near = difflib.get_close_matches(key, _KEYS, 1, 0)[0]
            faults.append(f"{origin} is no setting; the nearest is {_like(origin, near)}.")

    for key, raw in _file(cwd / FILE, faults).items():
        add(key, raw, f"{key} in {FILE}" if key not in _KEYS else FILE)
    for name, text in environ.items():
        if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX):
            add(name.removeprefix(PREFIX).lower(), text, name)
    for key, value in flags.items():
        if value is not None:
            add(key, value, _flag(key))
    return found


def _like(origin: str, key: str) -> str:
    if origin.startswith(PREFIX):
        return PREFIX + key.upper()
    return _flag(key) if origin.startswith("--") else key


def _file(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        faults.append(f"{FILE} cannot be read: {error}.")
        return {}


# --- values ----------------------------------------------------------------------------------------------------------


def _text(raw: Any, _: Path) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError
    return raw.strip()


def _whole(low: int, high: int) -> Callable[[Any, Path], int]:
    def parse(raw: Any, _: Path) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise TypeError
        value = int(raw)
        if not low <= value <= high:
            raise ValueError
        return value

    return parse


def _rate(raw: Any, _: Path) -> float:
    if isinstance(raw, bool):
        raise TypeError
    value = float(raw)
    if not 0.01 <= value <= 1000:  # refuses NaN too
        raise ValueError
    return value


def _yes_or_no(raw: Any, _: Path) -> bool:
    if isinstance(raw, bool):
        return raw
    word = _text(raw, _).lower()
    if word not in ("true", "yes", "1", "false", "no", "0"):
        raise ValueError
    return word in ("true", "yes", "1")


def _one_of(*words: str) -> Callable[[Any, Path], str]:
    def parse(raw: Any, cwd: Path) -> str:
        return words[words.index(_text(raw, cwd).lower())]

    return parse


def _networks(raw: Any, _: Path) -> tuple[Network, ...]:
    parts = raw.replace(",", " ").split() if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise TypeError
    return tuple(ip_network(part) for part in parts)


def _folder(raw: Any, cwd: Path) -> Path:
    return Path(os.path.normpath(cwd / Path(raw if isinstance(raw, Path) else _text(raw, cwd)).expanduser()))


def _origin(raw: Any, cwd: Path) -> str:
    parts = urlsplit(_text(raw, cwd))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


def _local_url(host: str, port: int) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return _origin(f"http://{host}:{port}", Path())
    if address.is_unspecified:  # listening everywhere is no address to call
        host = "127.0.0.1"
    return _origin(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", Path())


def _database(raw: Any, cwd: Path) -> str:
    text = _text(raw, cwd)
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError from None
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg") and url.database:
        url = url.set(drivername="postgresql+psycopg")
    elif url.drivername == "sqlite" and url.database and ":memory:" not in url.database:
        url = url.set(database=str(_folder(url.database, cwd)))
    else:
        raise ValueError
    return url.render_as_string(hide_password=False)


def _secret(raw: Any, cwd: Path) -> str:
    text = _text(raw, cwd)
    if len(text) < 32:
        raise ValueError
    return text


def _kept_secret(data_dir: Path) -> str:
    """The secret of this installation, made at the first start.

    Two processes that start at once get the same: only one link succeeds. Raises SettingsError.
    """
    path = data_dir / "secret"
    try:
        if not path.exists():
            draft = data_dir / f".secret-{secrets.token_hex(8)}"
            try:
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(secrets.token_urlsafe(48))
                    file.flush()
                    os.fsync(file.fileno())
                with contextlib.suppress(FileExistsError):
                    os.link(draft, path)
            finally:
                draft.unlink(missing_ok=True)
        return _secret(path.read_text(encoding="ascii"), data_dir)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no key of 32 characters or more"
        raise SettingsError([f"secret_key from {path}: {why or error}."]) from error


_KEYS: dict[str, _Key] = {
    "host": _Key("the address to listen on", "127.0.0.1", "an address or host name", _text),
    "port": _Key(
        "the port to listen on", "8000", "a whole number from 0 (any free one) to 65535", _whole(0, 65535)
    ),
    "public_url": _Key(
        "the address people use; with https, cookies are secure",
        "http://{host}:{port}",
        "http:// or https://, a host and perhaps a port, without a path",
        _origin,
    ),
    "trusted_proxies": _Key(
        "proxies whose X-Forwarded-For is believed",
        "none",
        "networks such as 10.0.0.0/8 (in the file a list, elsewhere separated by commas)",
        _networks,
    ),
    "data_dir": _Key("where files, the secret and the SQLite database are", "./data", "a folder", _folder),
    "database_url": _Key(
        "the database",
        "sqlite:///{data_dir}/yingke.db",
        "sqlite:///path or postgresql://user:password@host/database",
        _database,
        secret=True,
    ),
    "secret_key": _Key(
        "what everything signed here is signed with",
        "made at the first start, in {data_dir}/secret",
        "at least 32 characters",
        _secret,
        secret=True,
    ),
    "visitor_send_rate": _Key(
        "messages a second a visitor may send over time", "1.0", "a number from 0.01 to 1000", _rate
    ),
    "visitor_send_burst": _Key(
        "messages a visitor may send at once", "10", "a whole number from 1 to 1000", _whole(1, 1000)
    ),
    "log_level": _Key(
        "how much is logged",
        "info",
        "debug, info, warning or error",
        _one_of("debug", "info", "warning", "error"),
    ),
    "session_days": _Key("days staff stay signed in", "14", "a whole number from 1 to 365", _whole(1, 365)),
    "demo": _Key("load the demonstration at the first start", "false", "true or false", _yes_or_no),
}
