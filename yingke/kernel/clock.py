"""Time: microseconds since 1970 in UTC inside, aware datetimes outward.

This is the only module that asks the machine for the time; everybody else reads `tx.now` or is handed a `Clock`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Clock = Callable[[], int]

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> int:
    """Now, in microseconds UTC."""
    return time.time_ns() // 1_000


def monotonic() -> float:
    """Seconds that never jump; for measuring and for rates, never for what is stored."""
    return time.monotonic()


@lru_cache(4096)  # a row shows the same few times again and again
def moment(at: int) -> datetime:
    """The aware datetime of a stored time."""
    return _EPOCH + timedelta(microseconds=at)


def moment_or_none(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def micros(at: datetime) -> int:
    """The stored form of an aware datetime.

    Raises ValueError for a naive one: without its zone it names no instant.
    """
    if at.tzinfo is None:
        raise ValueError("a datetime without zone names no instant")
    return (at - _EPOCH) // timedelta(microseconds=1)
