"""Time as rows: a room registers where its deadlines are, one loop sleeps until the earliest.

    timers.source("sla.clock", queries.next_due, actions.breach_due, after_reader="sla")

Any number of processes may run the loop: the conditional UPDATE in `claim` decides who acts. Whatever makes a deadline
earlier calls `tx.wake(timers.WAKE)`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from yingke.kernel.bus import Bus
from yingke.kernel.clock import SECOND, Clock
from yingke.kernel.db import Database, Read, Sql, Tx
from yingke.kernel.journal import reader_cursor

log = logging.getLogger(__name__)

WAKE = "timers"
LIMIT = 200  # rows a claim may take in one transaction
POLL = 5.0  # seconds, when the bus is silent
AGAIN = 0.1  # seconds until what is due and could not be fired is looked at again
MAX_BACKOFF = 60.0  # seconds between attempts at a source that fails

NextDue = Callable[[Read], int | None]
Claim = Callable[[Tx, int], int]


class Source(NamedTuple):
    """Where deadlines are. `next_due`: the earliest, in microseconds UTC; `claim`: act on what is due, at most so many,
    and answer how many."""

    name: str
    next_due: NextDue
    claim: Claim
    after_reader: str | None


_sources: dict[str, Source] = {}


def source(name: str, next_due: NextDue, claim: Claim, *, after_reader: str | None = None) -> None:
    """Register deadlines.

    after_reader: a journal reader that stops or moves them (a reply stops a clock). They fire only when it has handled
    everything that the firing transaction sees, so that a late reader never makes a false breach.
    """
    if name in _sources:
        raise ValueError(f"timer source {name} is declared twice")
    _sources[name] = Source(name, next_due, claim, after_reader)


def sources() -> Mapping[str, Source]:
    """Every source declared by the modules imported so far."""
    return _sources


# Not the journal's head: on PostgreSQL an entry may be committed, and so acknowledged, before readers are given it.
_UNREAD = Sql(
    "SELECT 1 FROM journal WHERE pos > ?2 AND ?1 = ?1 LIMIT 1",
    "SELECT 1 FROM journal WHERE (xid, pos) > (%s::text::xid8, %s) LIMIT 1",
)


def fire(tx: Tx, one: Source, limit: int = LIMIT) -> int | None:
    """Act on what is due; answers how many rows, or None while the source's reader is behind."""
    if one.after_reader is not None:
        cursor = reader_cursor(tx, one.after_reader)
        if tx.run(_UNREAD, (cursor.xid, cursor.pos)):
            return None
    return one.claim(tx, limit)


class Timers:
    """The loop of one process."""

    def __init__(self, db: Database, bus: Bus, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, int] = {}
        bus.on_wake(self._on_wake)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._loop(), name="timers")

    async def stop(self) -> None:
        """End after the transaction under way."""
        self._stopping = True
        self._woken.set()
        if self._task is not None:
            await self._task

    def _on_wake(self, name: str) -> None:
        if name == WAKE:
            self._woken.set()

    async def _loop(self) -> None:
        while not self._stopping:
            self._woken.clear()
            wait = min([await self._look(one) for one in _sources.values()], default=POLL)
            if wait > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # wait_for of Python 3.11 may swallow a cancellation
                        await self._woken.wait()

    async def _look(self, one: Source) -> float:
        """Fire a source if it is due; answers the seconds until it is to be looked at again."""
        if (held := self._not_before.get(one.name, 0) - self._clock()) > 0:
            return held / SECOND
        try:
            due = await self._db.read(one.next_due)
            if due is None or due > self._clock():
                return POLL if due is None else min(POLL, (due - self._clock()) / SECOND)
            done = await self._db.write_behind(fire, one)
        except Exception:
            failures = self._failures[one.name] = self._failures.get(one.name, 0) + 1
            wait = min(MAX_BACKOFF, 0.5 * 2.0 ** min(failures, 10))
            self._not_before[one.name] = self._clock() + round(wait * SECOND)
            log.exception("timer source %s failed, again in %d s", one.name, wait)
            return wait
        self._failures.pop(one.name, None)
        # None done: its reader is behind, or another process was first.
        return 0.0 if done else AGAIN
