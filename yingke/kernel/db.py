"""The database: `write` runs an action in one transaction on a database thread, `read` a query on a view of its own.

    await db.write(actions.resolve, who, ticket_id, note)

Nothing is answered before it is on disk together with its journal entries and jobs. How calls share a transaction
differs by database: see `kernel.sqlite` and `kernel.postgresql`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from yingke.kernel import postgresql, sqlite
from yingke.kernel.clock import Clock, system_clock
from yingke.kernel.entries import Entry
from yingke.kernel.tx import (
    Batched,
    Call,
    CommitListener,
    Dialect,
    Read,
    Sql,
    Tx,
    Writer,
    batched,
    end_transaction,
)

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """The door to one workspace's database.

    url: a SQLAlchemy address, `sqlite:///…` or `postgresql+psycopg://…`.
    clock: microseconds UTC; tests inject their own.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock = system_clock,
        readers: int = 4,
        writers: int = 6,
    ) -> None:
        self.url = make_url(url)
        self.clock = clock
        backend = self.url.get_backend_name()
        self._listeners: list[CommitListener] = []
        if backend == "sqlite":
            self.dialect: Dialect = "sqlite"
            engine = sqlite.make_engine(self.url)
            self._writer: Writer = sqlite.SqliteWriter(engine, clock, self._committed)
            self._begin = sqlite.BEGIN_READ
        elif backend == "postgresql":
            self.dialect = "postgresql"
            engine = postgresql.make_engine(self.url)
            self._writer = postgresql.PostgresqlWriter(engine, clock, self._committed, writers)
            self._begin = postgresql.BEGIN_READ
        else:
            raise ValueError(f"neither SQLite nor PostgreSQL: {backend}")
        self.engine = engine
        self._local = threading.local()
        self._reading: list[Connection] = []
        self._readers = concurrent.futures.ThreadPoolExecutor(readers, thread_name_prefix="read")

    async def write(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an action in a transaction; answers once it is on disk."""
        call = Call(fn, args, kwargs, "interactive", asyncio.get_running_loop())
        self._writer.submit(call)
        return cast(T, await call.future)

    async def write_behind(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for reactions, index and jobs: people waiting for an answer go first."""
        call = Call(fn, args, kwargs, "background", asyncio.get_running_loop())
        self._writer.submit(call)
        return cast(T, await call.future)

    async def read(self, fn: Callable[Concatenate[Read, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query on a consistent view, beside the writer."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self.read_now(fn, *args, **kwargs))

    def write_now(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`write` for a plain thread (command line, tests)."""
        call = Call(fn, args, kwargs, "interactive", None)
        self._writer.submit(call)
        return cast(T, call.future.result())

    def read_now(self, fn: Callable[Concatenate[Read, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`read` on the calling thread."""
        conn = self._reading_connection()
        try:
            return self._read_on(conn, fn, *args, **kwargs)
        except Exception:
            if not conn.closed:
                raise
            log.info("a reading connection was lost", exc_info=True)
        return self._read_on(self._reading_connection(), fn, *args, **kwargs)

    def _reading_connection(self) -> Connection:
        conn: Connection | None = getattr(self._local, "conn", None)
        if conn is None or conn.closed:
            conn = self._local.conn = self.engine.connect()
            if self.dialect == "sqlite":
                conn.exec_driver_sql("PRAGMA query_only=ON")  # on PostgreSQL the transaction is read only
            self._reading.append(conn)
        return conn

    def _read_on(
        self, conn: Connection, fn: Callable[Concatenate[Read, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Closes a connection that turns out to be broken."""
        try:
            conn.exec_driver_sql(self._begin)
            return fn(Read(conn, self.dialect, self.clock()), *args, **kwargs)
        finally:
            if not end_transaction(conn):
                self._reading.remove(conn)

    def on_commit(self, listener: CommitListener) -> None:
        """Have `listener` told of every commit of this process, on a database thread."""
        self._listeners.append(listener)

    def _committed(self, entries: Sequence[Entry], wakes: frozenset[str]) -> None:
        for listener in self._listeners:
            try:
                listener(entries, wakes)
            except Exception:  # what is committed stays so, and the thread must go on
                log.exception("a listener failed after a commit")

    @property
    def longest_ms(self) -> float:
        """The longest write transaction so far, in milliseconds."""
        return self._writer.longest_ms

    def close(self) -> None:
        """Finish what is under way and let go of every connection."""
        self._writer.close()
        self._readers.shutdown(wait=True)
        for conn in self._reading:
            conn.close()
        self.engine.dispose()


__all__ = ["Batched", "CommitListener", "Database", "Dialect", "Read", "Sql", "Tx", "batched"]
