"""Passwords, tokens, rates, origins, addresses, and what never gets into a log."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeVar
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from yingke.kernel.clock import monotonic
from yingke.kernel.errors import Unavailable

T = TypeVar("T")

# --- passwords and tokens --------------------------------------------------------------------------------------------


class Passwords:
    """Argon2id. Takes some 50 ms and `memory_kib` each time, so it is called on a thread, never in a transaction.

    at_once: how many are worked at side by side; a flood of sign-ins must not eat the machine.
    """

    def __init__(
        self, *, time_cost: int = 2, memory_kib: int = 47104, at_once: int = 2, wait: float = 5.0
    ) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._places = threading.BoundedSemaphore(at_once)
        self._wait = wait
        self._nobody = self._hasher.hash("")

    def hash(self, password: str) -> str:
        """What to store. Raises Unavailable when no place is free within `wait` seconds."""
        return self._working(lambda: self._hasher.hash(_plain(password)))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. None, for a person who does not exist, takes as long as for one who does.

        Raises Unavailable when no place is free within `wait` seconds.
        """

        def work() -> bool:
            try:
                self._hasher.verify(stored or self._nobody, _plain(password))
            except (VerificationError, InvalidHashError):
                return False
            return stored is not None

        return self._working(work)

    def needs_rehash(self, stored: str) -> bool:
        """Whether it was made with other parameters; then hash again at the next sign-in."""
        return self._hasher.check_needs_rehash(stored)

    def _working(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(timeout=self._wait):
            raise Unavailable()
        try:
            return work()
        finally:
            self._places.release()


def _plain(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def hash_token(token: str) -> str:
    """What is stored of a bearer secret. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Equality in a time that does not tell where two secrets differ."""
    return hmac.compare_digest(_plain(one), _plain(other))


# --- rates -----------------------------------------------------------------------------------------------------------


class TokenBuckets:
    """A bucket for each key: `burst` at once, then `rate` a second.

    Kept as the time at which the bucket is full again; full ones are forgotten. Beyond `max_keys` the one that was
    longest unused is forgotten too. May be called from any thread.
    """

    def __init__(
        self,
        rate: float,
        burst: float,
        *,
        clock: Callable[[], float] = monotonic,
        max_keys: int = 100_000,
    ) -> None:
        if rate <= 0 or burst <= 0 or max_keys < 1:
            raise ValueError("rate, burst and max_keys are more than 0")
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._max_keys = max_keys
        self._full_at: dict[str, float] = {}
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str, cost: float = 1) -> float:
        """0 when it may go on; else the seconds to wait, and nothing was taken.

        Raises ValueError for a cost that no full bucket could pay.
        """
        if not 0 < cost <= self._burst:
            raise ValueError(f"a cost of {cost} can never be paid from {self._burst}")
        with self._guard:
            now = self._clock()
            full_at = max(now, self._full_at.pop(key, now))
            self._forget(now)
            wanted = full_at + cost / self._rate
            wait = wanted - now - self._burst / self._rate
            taken = wait <= 1e-9
            if taken or full_at > now:
                self._full_at[key] = wanted if taken else full_at
            return 0.0 if taken else wait

    def _forget(self, now: float) -> None:
        while self._full_at:
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) < self._max_keys:
                return
            del self._full_at[oldest]


class TokenBucket:
    """One bucket of its own, for one thread."""

    def __init__(self, rate: float, burst: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._slack = burst / rate
        self._clock = clock
        self._full_at = 0.0

    def take(self) -> float:
        """0 when it may go on; else the seconds to wait, and nothing was taken."""
        now = self._clock()
        wanted = max(now, self._full_at) + 1 / self._rate
        wait = wanted - now - self._slack
        if wait > 1e-9:
            return wait
        self._full_at = wanted
        return 0.0


# --- where a request comes from --------------------------------------------------------------------------------------


def origin_allowed(origin: str | None, allowed: Iterable[str]) -> bool:
    """Whether an `Origin` header is one of these: scheme, host and port, `https://*.example.com` for any subdomain."""
    asked = _origin(origin)
    if asked is None:
        return False
    for one in allowed:
        wild = "://*." in one
        known = _origin(one.replace("://*.", "://", 1))
        if known is None:
            continue
        if not wild and known == asked:
            return True
        if wild and known[::2] == asked[::2] and asked[1].endswith("." + known[1]):
            return True
    return False


def _origin(text: str | None) -> tuple[str, str, int] | None:
    """Scheme, host and port, or None for what is no origin (`null` among them)."""
    try:
        parts = urlsplit(text or "")
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        return None
    if parts.query or parts.fragment or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)


def client_address(
    peer: str | None, x_forwarded_for: str | None, trusted: Sequence[IPv4Network | IPv6Network]
) -> str:
    """The address a request comes from: `peer`, or what the outermost trusted proxy says it heard from.

    Read from the right: whatever stands left of the first untrusted address may be invented. Empty where the peer has
    none (a Unix socket).
    """
    address = _address(peer or "")
    if address is None:
        return ""
    for text in reversed((x_forwarded_for or "").split(",")):
        if not any(address in network for network in trusted):
            break
        before = _address(text)
        if before is None:
            break
        address = before
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


# --- logs ------------------------------------------------------------------------------------------------------------

_HIDDEN = "***"
_NAMES = r"(?:[a-z_]*token|ticket|password|secret(?:_key)?|signature|api_?key)"
_SECRETS = (
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=,]\s*b?['\"]?)[^\r\n'\"]+"),
        r"\1\2",
    ),
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[\w.~+/=-]{6,}"), r"\1\2"),
    (re.compile(rf"(?i)\b({_NAMES})(=)[^\s&#'\"\])>]+"), r"\1\2"),
    (re.compile(rf"(?i)\b({_NAMES})(\\?['\"]\s*:\s*\\?(['\"]))(?:\\.|(?!\3).)+"), r"\1\2"),
    (re.compile(r"(://[^\s/:@]*)(:)[^\s/@]+(?=@)"), r"\1\2"),
)


def redact(text: str) -> str:
    """The text without what follows Authorization, Cookie, token, ticket, password and their like."""
    for pattern, kept in _SECRETS:
        text = pattern.sub(kept + _HIDDEN, text)
    return text


class RedactingFilter(logging.Filter):
    """Put on every handler: no secret gets into a log, whoever wrote it there."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Arguments one by one, since some formatters (uvicorn's) unpack them.
        if isinstance(record.args, tuple):
            record.args = tuple(_redact_arg(arg) for arg in record.args)
        elif record.args:
            record.args = {name: _redact_arg(arg) for name, arg in record.args.items()}
        whole = record.getMessage()
        if (safe := redact(whole)) != whole:
            record.msg, record.args = safe, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


def _redact_arg(arg: object) -> object:
    if arg is None or isinstance(arg, int | float):
        return arg
    text = str(arg)
    safe = redact(text)
    return arg if safe == text else safe
