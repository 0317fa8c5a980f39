"""Running the journal's readers: one loop takes a batch, runs every interested reaction in a savepoint of its own,
moves the cursors, commits once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import cast

import msgspec
from sqlalchemy import delete, func, select

from yingke.kernel.bus import Bus
from yingke.kernel.db import Database, Sql, Tx
from yingke.kernel.db import Read as ReadView
from yingke.kernel.entries import Cursor, Entry
from yingke.kernel.errors import NotFound
from yingke.kernel.group import must_retry
from yingke.kernel.journal import Reader, at_pos, journal_parked, read_on, readers

log = logging.getLogger(__name__)

BATCH = 100  # entries a transaction takes: well under the writer's 20 ms
POLL = 1.0  # seconds, when the bus is silent
GATHER = 0.01  # seconds after a wake-up: the facts of a busy moment share a transaction
BEHIND = "waits behind an entry that failed"

_ENSURE = Sql(
    "INSERT INTO journal_reader (name, xid, pos) VALUES (?, 0, 0) ON CONFLICT (name) DO NOTHING",
    "INSERT INTO journal_reader (name, xid, pos) VALUES (%s, 0, 0) ON CONFLICT (name) DO NOTHING",
)
_LOCK = Sql(
    "SELECT name, xid, pos FROM journal_reader",
    "SELECT name, xid, pos FROM journal_reader ORDER BY name FOR UPDATE SKIP LOCKED",
)
_MOVE = Sql(
    "UPDATE journal_reader SET xid = ?, pos = ? WHERE name = ?",
    "UPDATE journal_reader SET xid = %s, pos = %s WHERE name = %s",
)

React = Callable[[Tx, Sequence[Entry]], None]


class Parked(msgspec.Struct, frozen=True):
    """A stream that one reader could not go on with, as the administrator sees it."""

    reader: str
    stream: str
    waiting: int
    since: int  # microseconds UTC
    error: str


def prepare(tx: Tx) -> None:
    """Give every declared reader its row; a new one begins at the start of what is kept."""
    tx.run_many(_ENSURE, [(name,) for name in sorted(readers())])


def step(tx: Tx) -> bool:
    """Let every reader go on by one batch; whether there may be more."""
    places = {name: Cursor(xid, pos) for name, xid, pos in tx.run(_LOCK) if name in readers()}
    if not places:
        return False
    entries, more = read_on(tx, min(places.values()), BATCH, payloads=False)
    if not entries:
        return False
    parked = set(tx.run(_PARKED_STREAMS))
    for name, place in places.items():
        reader = readers()[name]
        wanted = [entry for entry in entries if entry.cursor > place and reader.wants(entry.kind)]
        _run(tx, reader, wanted, {stream for parked_by, stream in parked if parked_by == name})
    last = entries[-1].cursor
    tx.run_many(_MOVE, [(last.xid, last.pos, name) for name, place in places.items() if place < last])
    return more


_PARKED_STREAMS = Sql(
    "SELECT DISTINCT reader, stream FROM journal_parked", "SELECT DISTINCT reader, stream FROM journal_parked"
)


def _run(tx: Tx, reader: Reader, entries: Sequence[Entry], stuck: set[str]) -> None:
    """Hand entries to the reactions, in order. What fails is parked, and what follows it in its stream with it."""
    for react, run in _runs(reader, entries):
        free = [entry for entry in run if entry.stream not in stuck]
        error = _attempt(tx, react, free) if free else None
        for entry in run:
            if entry.stream in stuck:
                _park(tx, reader, entry, BEHIND)
            elif error is not None and (why := _attempt(tx, react, [entry]) if len(free) > 1 else error):
                log.error("reader %s parks %s at %s: %s", reader.name, entry.stream, entry.cursor, why)
                stuck.add(entry.stream)
                _park(tx, reader, entry, why)


def _runs(reader: Reader, entries: Sequence[Entry]) -> Iterator[tuple[React, list[Entry]]]:
    """Neighbours that one batched reaction takes together; a plain reaction takes one at a time."""
    for kind_fn, group in groupby(entries, key=lambda entry: reader.batched.get(entry.kind)):
        if kind_fn is not None:
            yield _react_many(kind_fn), list(group)
        else:
            for entry in group:
                yield _react_one(reader.single[entry.kind]), [entry]


def _react_many(fn: Callable[[Tx, Sequence[tuple[Entry, object]]], None]) -> React:
    def react(tx: Tx, entries: Sequence[Entry]) -> None:
        tx.cause = entries[0].pos
        fn(tx, [(entry, fact) for entry in entries if (fact := entry.event()) is not None])

    return react


def _react_one(fn: Callable[[Tx, Entry, object], None]) -> React:
    def react(tx: Tx, entries: Sequence[Entry]) -> None:
        (entry,) = entries
        tx.cause = entry.pos
        fact = entry.event()
        if fact is not None:
            fn(tx, entry, fact)

    return react


def _attempt(tx: Tx, react: React, entries: Sequence[Entry]) -> str | None:
    """Run a reaction in a savepoint; what went wrong, or None."""
    emitted = len(tx.entries)
    tx.conn.exec_driver_sql("SAVEPOINT reaction")
    try:
        react(tx, entries)
    except Exception as error:
        if must_retry(
            error
        ):  # the database asks for the whole transaction again: nothing is wrong with the entry
            raise
        tx.conn.exec_driver_sql("ROLLBACK TO SAVEPOINT reaction")
        tx.conn.exec_driver_sql("RELEASE SAVEPOINT reaction")
        del tx.entries[emitted:]
        log.debug("a reaction failed", exc_info=True)
        return f"{type(error).__name__}: {error}"[:1000]
    finally:
        tx.cause = None
    tx.conn.exec_driver_sql("RELEASE SAVEPOINT reaction")
    return None


def _park(tx: Tx, reader: Reader, entry: Entry, why: str) -> None:
    tx.insert(
        journal_parked,
        reader=reader.name,
        stream=entry.stream,
        pos=entry.pos,
        at=tx.now,
        error=why,
    )


def list_parked(read: ReadView) -> list[Parked]:
    """Every stream that is parked, oldest first."""
    c = journal_parked.c
    rows = read.execute(select(journal_parked).order_by(c.id))
    found: dict[tuple[str, str], Parked] = {}
    for row in rows:
        key = (row.reader, row.stream)
        held = found.get(key)
        found[key] = (
            Parked(row.reader, row.stream, 1, row.at, row.error)
            if held is None
            else msgspec.structs.replace(held, waiting=held.waiting + 1)
        )
    return list(found.values())


def retry_parked(tx: Tx, reader_name: str, stream: str) -> int:
    """Run a parked stream's entries again, in order, until one fails; answers how many are done.

    Raises NotFound where nothing is parked.
    """
    c = journal_parked.c
    rows = tx.execute(
        select(journal_parked).where(c.reader == reader_name, c.stream == stream).order_by(c.pos)
    ).all()
    reader = readers().get(reader_name)
    if reader is None or not rows:
        raise NotFound()
    done = 0
    for row in rows:
        entry = at_pos(tx, row.pos)
        if entry is not None and reader.wants(entry.kind):
            ((react, run),) = _runs(reader, [entry])
            why = _attempt(tx, react, run)
            if why is not None:
                tx.update(journal_parked, row.id, error=why)
                break
        tx.execute(delete(journal_parked).where(c.id == row.id))
        done += 1
    return done


def count_parked(read: ReadView) -> int:
    """How many entries wait parked."""
    return cast(int, read.execute(select(func.count()).select_from(journal_parked)).scalar_one())


class ReaderLoop:
    """Drives the readers of one process."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        bus.on_wake(self._wake)

    def _wake(self, name: str) -> None:
        if name == "journal":
            self._awake.set()

    async def start(self) -> None:
        await self._db.write(prepare)
        self._task = asyncio.create_task(self._loop(), name="readers")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        while True:
            self._awake.clear()
            try:
                while await self._db.write_behind(step):
                    pass
            except Exception:
                log.exception("the readers stumbled and go on")
                await asyncio.sleep(POLL)
            try:
                async with asyncio.timeout(POLL):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._awake.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(GATHER)
