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
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, Generic, Literal, NamedTuple, ParamSpec, Protocol, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Executable, Table, insert, update
from sqlalchemy.engine import make_url

from yingke.kernel.clock import Clock, system_clock
from yingke.kernel.entries import (
    START,
    Audience,
    Entry,
    Event,
    encode_payload,
)
from yingke.kernel.rights import SYSTEM, Actor

log = logging.getLogger(__name__)

Dialect = Literal["sqlite", "postgresql"]
Lane = Literal["interactive", "background"]

P = ParamSpec("P")
T = TypeVar("T")
X = TypeVar("X")
Y = TypeVar("Y")


class Sql(NamedTuple):
    """A statement written by hand for each database, for the few hot places."""

    sqlite: str
    postgresql: str


class Read:
    """A consistent view of the database, and the time it was taken."""

    def __init__(self, conn: Connection, dialect: Dialect, now: int) -> None:
        self.conn = conn
        self.dialect: Dialect = dialect
        self.now = now

    def execute(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        return cast(CursorResult[Any], self.conn.execute(statement, params))

    def run(self, sql: Sql, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a hand-written statement, straight from the driver."""
        cursor = self._cursor()
        try:
            cursor.execute(getattr(sql, self.dialect), params)
            return cast(list[tuple[Any, ...]], cursor.fetchall() if cursor.description else [])
        finally:
            cursor.close()

    def _cursor(self) -> Any:
        return cast(Any, self.conn.connection.dbapi_connection).cursor()


class Tx(Read):
    """One transaction. Whatever is emitted and enqueued is written with it, or not at all."""

    def __init__(self, conn: Connection, dialect: Dialect, now: int) -> None:
        super().__init__(conn, dialect, now)
        self.entries: list[Entry] = []
        self.wakes: set[str] = set()
        self.actor = SYSTEM
        self.cause: int | None = None

    def insert(self, table: Table, **values: Any) -> int:
        """Add a row; answers its id."""
        key = self.execute(insert(table).values(**values)).inserted_primary_key
        return cast(int, key[0]) if key else 0

    def update(self, table: Table, id_: int, **values: Any) -> bool:
        """Change the row with this id; whether there is one."""
        return self.execute(update(table).where(table.c.id == id_).values(**values)).rowcount == 1

    def run_many(self, sql: Sql, rows: Sequence[Sequence[Any]]) -> None:
        """A hand-written statement for each of many rows."""
        if rows:
            cursor = self._cursor()
            try:
                cursor.executemany(getattr(sql, self.dialect), rows)
            finally:
                cursor.close()

    def run_rows(self, sql: Sql, rows: Sequence[Sequence[Any]]) -> None:
        """The same; on PostgreSQL one statement, given each column as an array to `unnest`."""
        if rows and self.dialect == "postgresql":
            self.run(sql, [list(column) for column in zip(*rows, strict=True)])
        else:
            self.run_many(sql, rows)

    def emit(self, fact: Event, *, to: Audience, by: Actor | None = None) -> None:
        """State a fact, and let the audience's screens know."""
        self.entries.append(
            Entry(
                cursor=START,  # known once the journal has numbered it
                at=self.now,
                kind=fact.kind,
                v=fact.v,
                stream=to.stream,
                subject=to.subject,
                actor=(by or self.actor).tag,
                cause=self.cause,
                customer_id=to.customer_id,
                reguard=tuple(to.reguard),
                fact=fact,
                staff=encode_payload(to.staff),
                visitor=encode_payload(to.visitor),
            )
        )
        self.wakes.add("journal")

    def wake(self, name: str) -> None:
        """Wake whoever waits for this name once the transaction is kept."""
        self.wakes.add(name)


class Batched(Generic[X, Y]):
    """A hot action: the kernel hands it every call of a group at once; callers see a single call."""

    def __init__(self, many: Callable[[Tx, Sequence[X]], Sequence[Y | Exception]]) -> None:
        self.many = many
        self.__name__ = many.__name__
        self.__doc__ = many.__doc__

    def __call__(self, tx: Tx, call: X) -> Y:
        (answer,) = self.many(tx, [call])
        if isinstance(answer, Exception):
            raise answer
        return answer


def batched(many: Callable[[Tx, Sequence[X]], Sequence[Y | Exception]]) -> Batched[X, Y]:
    """Declare `def receive(tx, calls) -> answers`, one answer or refusal for each call, in order."""
    return Batched(many)


class Call:
    """One waiting write. `actor` is whoever the journal names, found among the arguments."""

    __slots__ = ("answer", "args", "fn", "future", "kwargs", "lane", "loop")

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        lane: Lane,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.fn = fn
        self.args = args
        self.kwargs = kwargs
        self.lane: Lane = lane
        self.loop = loop
        self.future: Any = loop.create_future() if loop else concurrent.futures.Future()
        self.answer: Any = None

    def run(self, tx: Tx) -> Any:
        tx.actor = self.args[0] if self.args and isinstance(self.args[0], Actor) else SYSTEM
        return self.fn(tx, *self.args, **self.kwargs)


class CommitListener(Protocol):
    """Told, on a database thread, what a committed transaction wrote."""

    def __call__(self, entries: Sequence[Entry], wakes: frozenset[str]) -> None: ...


class Writer(Protocol):
    """What `kernel.sqlite` and `kernel.postgresql` each provide."""

    longest_ms: float

    def submit(self, call: Call) -> None: ...

    def close(self) -> None: ...


class Reader(Protocol):
    def connect(self) -> Connection: ...

    begin: str


def end_transaction(conn: Connection) -> bool:
    """Roll back; a connection that cannot is closed. Answers whether it may be used again."""
    try:
        conn.exec_driver_sql("ROLLBACK")
    except Exception:
        log.info("a database connection is gone", exc_info=True)
        conn.invalidate()
        conn.close()
        return False
    return True


def settle(calls: Iterable[Call]) -> None:
    """Give each call its answer, one hop to each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Call]] = {}
    for call in calls:
        if call.loop is None:
            _set(call)
        else:
            by_loop.setdefault(call.loop, []).append(call)
    for loop, theirs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_set_all, theirs)
        except RuntimeError:  # that loop is closed: nobody waits any more
            log.info("%d answers came too late for their event loop", len(theirs))


def _set_all(calls: list[Call]) -> None:
    for call in calls:
        _set(call)


def _set(call: Call) -> None:
    if call.future.done():  # whoever asked went away
        return
    if isinstance(call.answer, StopIteration):  # no future takes it
        call.future.set_exception(RuntimeError("the action raised StopIteration"))
    elif isinstance(call.answer, BaseException):
        call.future.set_exception(call.answer)
    else:
        call.future.set_result(call.answer)


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
            from yingke.kernel import sqlite  # house: allow inner-import because each engine imports this module

            self.dialect: Dialect = "sqlite"
            engine = sqlite.make_engine(self.url)
            self._writer: Writer = sqlite.SqliteWriter(engine, clock, self._committed)
            self._begin = sqlite.BEGIN_READ
        elif backend == "postgresql":
            from yingke.kernel import postgresql  # house: allow inner-import because each engine imports this module

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

    async def write(
        self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an action in a transaction; answers once it is on disk."""
        call = Call(fn, args, kwargs, "interactive", asyncio.get_running_loop())
        self._writer.submit(call)
        return cast(T, await call.future)

    async def write_behind(
        self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same for reactions, index and jobs: people waiting for an answer go first."""
        call = Call(fn, args, kwargs, "background", asyncio.get_running_loop())
        self._writer.submit(call)
        return cast(T, await call.future)

    async def read(
        self, fn: Callable[Concatenate[Read, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query on a consistent view, beside the writer."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self.read_now(fn, *args, **kwargs))

    def write_now(
        self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`write` for a plain thread (command line, tests)."""
        call = Call(fn, args, kwargs, "interactive", None)
        self._writer.submit(call)
        return cast(T, call.future.result())

    def read_now(
        self, fn: Callable[Concatenate[Read, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
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
