"""SQLite: one writer thread with group commit, readers beside it.

The writer drains its queue: a savepoint for each action, one commit, then all answers. `synchronous=FULL`, because
NORMAL may lose the last commits at a power cut; `BEGIN IMMEDIATE`, because a deferred read-then-write fails with
BUSY_SNAPSHOT whatever the time-out. Figures: docs/performance.md.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from yingke.kernel.clock import Clock, monotonic
from yingke.kernel.entries import Cursor, Entry
from yingke.kernel.errors import Unavailable
from yingke.kernel.group import run_alone
from yingke.kernel.tx import Batched, Call, Sql, Tx, settle

log = logging.getLogger(__name__)

BEGIN_READ = "BEGIN DEFERRED"
MAX_HOLD = 0.020  # seconds: the writer takes up no further call after this
# Calls handed to a batched action at once; fewer where so many would take longer than MAX_HOLD.
MAX_BATCH = 512
FIRST_BATCH = 64  # of an action whose pace is not known yet


def make_engine(url: URL) -> Engine:
    engine = create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "busy_timeout=10000",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
            "temp_store=MEMORY",
            "mmap_size=268435456",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


_NEXT = Sql("SELECT seq FROM sqlite_sequence WHERE name = 'journal'", "")
_APPEND = Sql(
    "INSERT INTO journal (pos, xid, at, kind, v, stream, subject, actor, cause, customer_id, reguard, fact,"
    " payload_staff, payload_visitor) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
)


def append(tx: Tx, entries: Sequence[Entry]) -> None:
    """Number and write the entries; under BEGIN IMMEDIATE the number is the order of commit."""
    rows = tx.run(_NEXT)
    pos = rows[0][0] if rows else 0
    values = []
    for entry in entries:
        pos += 1
        entry.cursor, entry.pos = Cursor(0, pos), pos
        values.append((pos, *entry.row))
        entry.row = ()  # whoever keeps the entry in memory need not keep its text twice
    tx.run_many(_APPEND, values)


class SqliteWriter:
    """The one thread that writes."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        committed: Callable[[Sequence[Entry], frozenset[str]], None],
    ) -> None:
        self._clock = clock
        self._committed = committed
        self._lanes: dict[str, deque[Call]] = {"interactive": deque(), "background": deque()}
        self._ready = threading.Condition()
        self._closing = False
        self.longest_ms = 0.0
        self._pace: dict[Any, float] = {}  # batched action → seconds a call of it took lately
        self._conn = engine.connect()  # here, so that a file that cannot be opened is known at once
        self._thread = threading.Thread(target=self._loop, name="write", daemon=True)
        self._thread.start()

    def submit(self, call: Call) -> None:
        with self._ready:
            if self._closing:
                raise Unavailable()
            self._lanes[call.lane].append(call)
            self._ready.notify()

    def close(self) -> None:
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join()

    def _loop(self) -> None:
        with self._conn as conn:
            while True:
                with self._ready:
                    while not any(self._lanes.values()):
                        if self._closing:
                            return
                        self._ready.wait()
                self._group(conn)

    def _group(self, conn: Connection) -> None:
        """One transaction with what is waiting, as far as `MAX_HOLD` reaches."""
        done: list[Call] = []
        entries: list[Entry] = []
        wakes: set[str] = set()
        started = monotonic()
        try:
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            started = monotonic()  # whatever another process held the lock for is not ours
            tx = Tx(conn, "sqlite", self._clock())
            self._fill(conn, tx.now, started, done, entries, wakes)
            if entries:
                append(tx, entries)
            conn.exec_driver_sql("COMMIT")
        except Exception:
            log.exception("a group of %d writes was lost before its commit", len(done))
            self._roll_back(conn)
            if not done:  # not even begun (the file is locked or gone): tell whoever waits
                done = self._take_all()
            for call in done:  # refusals too: they may rest on what was lost
                call.answer = Unavailable()
            settle(done)
            return
        self.longest_ms = max(self.longest_ms, (monotonic() - started) * 1000)
        if wakes:
            self._committed(entries, frozenset(wakes))
        settle(done)

    def _fill(
        self,
        conn: Connection,
        now: int,
        started: float,
        done: list[Call],
        entries: list[Entry],
        wakes: set[str],
    ) -> None:
        """Run calls until nothing waits or the time is up: people first, and at least one of the background."""
        waiting = self._lanes["interactive"]
        while waiting and monotonic() - started < MAX_HOLD:
            self._step(conn, now, waiting, done, entries, wakes)
        waiting = self._lanes["background"]
        if waiting:
            self._step(conn, now, waiting, done, entries, wakes)
        while waiting and not self._lanes["interactive"] and monotonic() - started < MAX_HOLD:
            self._step(conn, now, waiting, done, entries, wakes)

    def _step(
        self,
        conn: Connection,
        now: int,
        waiting: deque[Call],
        done: list[Call],
        entries: list[Entry],
        wakes: set[str],
    ) -> None:
        """Run the next call, or with it every waiting call of the same batched action."""
        first = waiting.popleft()
        calls = [first]
        began = monotonic()
        pace = self._pace.get(first.fn, MAX_HOLD / FIRST_BATCH)
        if isinstance(first.fn, Batched):
            most = min(MAX_BATCH, max(1, int(MAX_HOLD / pace)))
            with self._ready:  # submit appends meanwhile
                others: list[Call] = []
                while waiting and len(calls) < most:
                    call = waiting.popleft()
                    (calls if call.fn is first.fn else others).append(call)
                waiting.extendleft(reversed(others))
        done.extend(calls)
        run_alone(conn, "sqlite", now, calls, entries, wakes)
        if isinstance(first.fn, Batched):
            self._pace[first.fn] = (pace + (monotonic() - began) / len(calls)) / 2

    def _take_all(self) -> list[Call]:
        with self._ready:
            calls = [call for lane in self._lanes.values() for call in lane]
            for lane in self._lanes.values():
                lane.clear()
        return calls

    @staticmethod
    def _roll_back(conn: Connection) -> None:
        try:
            conn.exec_driver_sql("ROLLBACK")
        except Exception:
            log.debug("nothing to roll back", exc_info=True)
