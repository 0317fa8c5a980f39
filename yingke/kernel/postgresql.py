"""PostgreSQL 15 or later: a pool of writer threads, a transaction for each call.

Only batched actions share a transaction, since mixed groups in several processes would deadlock; they take their locks
in one order. Serialization failures and deadlocks are run again, with the same inputs, a bounded number of times.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from yingke.kernel.clock import Clock, monotonic
from yingke.kernel.entries import Cursor, Entry
from yingke.kernel.errors import Unavailable
from yingke.kernel.group import must_retry, run_alone
from yingke.kernel.tx import Batched, Call, Sql, Tx, end_transaction, settle

log = logging.getLogger(__name__)

BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
MAX_BATCH = 512
ATTEMPTS = 5
IN_A_ROW = 16  # calls of people, after which one of the background has its turn


def make_engine(url: URL) -> Engine:
    limits = {"statement_timeout": 5000, "lock_timeout": 5000, "idle_in_transaction_session_timeout": 10000}
    options = " ".join(f"-c {name}={ms}" for name, ms in limits.items())
    engine = create_engine(
        url,
        poolclass=NullPool,  # each thread keeps its own connection
        isolation_level="AUTOCOMMIT",  # we say BEGIN ourselves
        connect_args={"connect_timeout": 10, "options": options},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # house: allow inner-import because psycopg is an extra
        from yingke.kernel.pgarrays import ArrayDumper

        connection.adapters.register_dumper(list, ArrayDumper)

    return engine


_APPEND = Sql(
    "",
    "INSERT INTO journal (at, kind, v, stream, subject, actor, cause, customer_id, reguard, fact,"
    " payload_staff, payload_visitor)"
    " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::text[], %s::text[], %s::text[], %s::bigint[],"
    " %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) RETURNING pos, xid::text::bigint",
)


def append(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write the entries. Their order among transactions is `(xid, pos)`, once nothing older is open."""
    by_column = [list(column) for column in zip(*(entry.row for entry in entries), strict=True)]
    for entry, (pos, xid) in zip(entries, sorted(tx.run(_APPEND, by_column)), strict=True):
        entry.cursor, entry.pos, entry.row = Cursor(xid, pos), pos, ()


class PostgresqlWriter:
    """A few threads, each with its connection, taking calls from one queue."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        committed: Callable[[Sequence[Entry], frozenset[str]], None],
        threads: int,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._committed = committed
        self._interactive: deque[Call] = deque()
        self._background: deque[Call] = deque()
        self._grouping: set[int] = (
            set()
        )  # batched actions a thread is at: others wait, and the next group is fuller
        self._background_under_way = 0
        self._people_in_a_row = 0
        self._background_limit = max(1, threads // 3)
        self._ready = threading.Condition()
        self._closing = False
        self.longest_ms = 0.0
        self._threads = [
            threading.Thread(target=self._loop, name=f"write-{n}", daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, call: Call) -> None:
        with self._ready:
            if self._closing:
                raise Unavailable()
            (self._interactive if call.lane == "interactive" else self._background).append(call)
            self._ready.notify()

    def close(self) -> None:
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()

    def _take(self) -> list[Call] | None:
        """The next call, or all waiting calls of one batched action; None at the end. Waits."""
        with self._ready:
            while True:
                waited = self._people_in_a_row >= IN_A_ROW and not self._background_under_way
                calls = [] if waited and self._background else self._pick(self._interactive)
                self._people_in_a_row += bool(calls)
                if not calls and self._background_under_way < self._background_limit:
                    calls = self._pick(self._background)
                    if calls:
                        self._background_under_way += 1
                        self._people_in_a_row = 0
                calls = calls or self._pick(self._interactive)
                if calls:
                    return calls
                if self._closing and not self._interactive and not self._background:
                    return None
                self._ready.wait()

    def _pick(self, waiting: deque[Call]) -> list[Call]:
        for first in waiting:
            if not isinstance(first.fn, Batched):
                waiting.remove(first)
                return [first]
            if id(first.fn) in self._grouping:
                continue
            calls = [call for call in waiting if call.fn is first.fn][:MAX_BATCH]
            taken = set(map(id, calls))
            rest = [call for call in waiting if id(call) not in taken]
            waiting.clear()
            waiting.extend(rest)
            self._grouping.add(id(first.fn))
            return calls
        return []

    def _loop(self) -> None:
        conn: Connection | None = None
        while (calls := self._take()) is not None:
            try:
                conn = self._serve(conn, calls)
            finally:
                with self._ready:
                    self._grouping.discard(id(calls[0].fn))
                    self._background_under_way -= calls[0].lane == "background"
                    self._ready.notify_all()
        if conn is not None:
            conn.close()

    def _serve(self, conn: Connection | None, calls: list[Call]) -> Connection | None:
        """Run the calls in one transaction; answers the connection to go on with."""
        for attempt in range(1, ATTEMPTS + 1):
            committing = False
            started = monotonic()
            try:
                if conn is None:
                    conn = self._engine.connect()
                conn.exec_driver_sql("BEGIN")
                entries: list[Entry] = []
                wakes: set[str] = set()
                now = self._clock()
                run_alone(conn, "postgresql", now, calls, entries, wakes)
                if entries:
                    append(Tx(conn, "postgresql", now), entries)
                committing = True
                conn.exec_driver_sql("COMMIT")
            except Exception as error:
                alive = conn is not None and end_transaction(conn)
                if not alive:
                    conn = None
                again = must_retry(error) or (not alive and not committing)
                if again and attempt < ATTEMPTS:
                    continue
                log.exception("a transaction of %d calls was lost", len(calls))
                for call in calls:
                    call.answer = Unavailable()
                settle(calls)
                return conn
            self.longest_ms = max(self.longest_ms, (monotonic() - started) * 1000)
            if wakes:
                self._committed(entries, frozenset(wakes))
            settle(calls)
            return conn
        raise AssertionError("the last attempt returns")
