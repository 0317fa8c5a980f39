"""Transactions, and the calls that wait for one: what both engines and everybody who writes share."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, ParamSpec, Protocol, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Executable, Table, insert, update

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
