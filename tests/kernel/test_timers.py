"""Timers: due rows are acted on in time, once, and never before the reader that may stop them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, delete, func, select, update

from tests.support.clock import FakeClock
from tests.support.facts import written
from yingke.kernel import timers
from yingke.kernel.bus import MemoryBus
from yingke.kernel.clock import SECOND
from yingke.kernel.db import Database, Read, Tx
from yingke.kernel.entries import Event, event, nobody
from yingke.kernel.journal import journal_reader
from yingke.kernel.timers import Timers

metadata = MetaData()
alarm = Table(
    "alarm",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("due_at", BigInteger),
    Column("state", Text),
    Column("rung", Integer),
)


@event("test.answered")
class Answered(Event, frozen=True):
    pass


@pytest.fixture(autouse=True)
def _tables(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata.create_all(db.engine)
    monkeypatch.setattr(timers, "_sources", {})


def set_alarm(tx: Tx, at: int) -> int:
    tx.wake(timers.WAKE)
    return tx.insert(alarm, due_at=at, state="set", rung=0)


def next_due(read: Read) -> int | None:
    return read.execute(select(func.min(alarm.c.due_at)).where(alarm.c.state == "set")).scalar()


def ring(tx: Tx, limit: int) -> int:
    due = select(alarm.c.id).where(alarm.c.state == "set", alarm.c.due_at <= tx.now).limit(limit)
    return tx.execute(
        update(alarm)
        .where(alarm.c.id.in_(due.scalar_subquery()), alarm.c.state == "set")
        .values(state="rung", rung=alarm.c.rung + 1)
    ).rowcount


def rung(db: Database) -> list[int]:
    return list(db.read_now(lambda read: read.execute(select(alarm.c.rung).order_by(alarm.c.id))).scalars())


@asynccontextmanager
async def looping(db: Database, clock: FakeClock) -> AsyncIterator[MemoryBus]:
    bus = MemoryBus()
    await bus.start()
    db.on_commit(lambda _, wakes: bus.wake(wakes))
    loop = Timers(db, bus, clock)
    await loop.start()
    try:
        yield bus
    finally:
        async with asyncio.timeout(2):
            await loop.stop()


async def until(what: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.01)


async def test_what_is_due_is_acted_on_in_time_and_once(db: Database, clock: FakeClock) -> None:
    timers.source("alarm", next_due, ring)
    clock.go()
    begin = clock()
    async with looping(db, clock), looping(db, clock):
        await asyncio.sleep(0.05)
        for after in (0.4, 0.2, 0.0, 60.0):
            await db.write(set_alarm, begin + round(after * SECOND))
        await until(lambda: rung(db) == [0, 0, 1, 0], 0.2)
        await until(lambda: rung(db) == [0, 1, 1, 0])
        assert clock() >= begin + SECOND // 5
        await until(lambda: rung(db) == [1, 1, 1, 0])
        assert begin + round(0.4 * SECOND) <= clock() < begin + 3 * SECOND


async def test_many_due_at_once_are_taken_in_pieces(db: Database, clock: FakeClock) -> None:
    pieces: list[int] = []

    def piecewise(tx: Tx, limit: int) -> int:
        pieces.append(ring(tx, limit))
        return pieces[-1]

    timers.source("alarm", next_due, piecewise)

    def many(tx: Tx) -> None:
        for _ in range(500):
            set_alarm(tx, tx.now)

    await db.write(many)
    async with looping(db, clock):
        await until(lambda: sum(rung(db)) == 500)
    assert [piece for piece in pieces if piece] == [200, 200, 100]


async def test_a_deadline_that_was_moved_does_not_fire(db: Database, clock: FakeClock) -> None:
    timers.source("alarm", next_due, ring)
    clock.go()
    async with looping(db, clock):
        id_ = await db.write(set_alarm, clock() + SECOND // 5)
        await db.write(lambda tx: tx.update(alarm, id_, state="off"))
        await asyncio.sleep(0.4)
    assert rung(db) == [0]


async def test_a_source_that_fails_holds_up_nobody(db: Database, clock: FakeClock) -> None:
    tries: list[str] = []

    def bad_due(read: Read) -> int:
        tries.append("due")
        raise RuntimeError("due")

    def bad_claim(tx: Tx, limit: int) -> int:
        tries.append("claim")
        raise RuntimeError("claim")

    timers.source("a", bad_due, ring)
    timers.source("b", next_due, bad_claim)
    timers.source("c", next_due, ring)
    await db.write(set_alarm, clock())
    async with looping(db, clock) as bus:
        await until(lambda: rung(db) == [1])
        for _ in range(20):
            bus.wake(frozenset({timers.WAKE}))
            await asyncio.sleep(0.01)
        assert sorted(tries) == ["claim", "due"], "they are left alone for a while"
        clock.advance(60)
        bus.wake(frozenset({timers.WAKE}))
        await until(lambda: tries.count("due") == 2)


async def test_a_late_reader_holds_the_deadline(db: Database, clock: FakeClock) -> None:
    timers.source("alarm", next_due, ring, after_reader="sla")
    await db.write(set_alarm, clock())

    def answer(tx: Tx) -> None:
        tx.emit(Answered(), to=nobody("conversation:1"))

    def catch_up(tx: Tx, stop: bool) -> None:
        last = written(db)[-1].cursor
        tx.execute(delete(journal_reader))
        tx.execute(journal_reader.insert().values(name="sla", xid=last.xid, pos=last.pos))
        if stop:
            tx.execute(update(alarm).values(state="off"))

    await db.write(answer)
    async with looping(db, clock):
        await asyncio.sleep(0.3)
        assert rung(db) == [0], "an answer is not yet read"
        await db.write(catch_up, True)
        await asyncio.sleep(0.3)
        assert rung(db) == [0], "it has stopped the clock"
        await db.write(set_alarm, clock())
        await until(lambda: rung(db) == [0, 1])


def test_an_answer_that_readers_are_not_yet_given_holds_it_too(db: Database, clock: FakeClock) -> None:
    """On PostgreSQL an older open transaction hides committed entries from readers."""
    if db.dialect == "sqlite":
        pytest.skip("there everything committed is given to readers")
    timers.source("alarm", next_due, ring, after_reader="sla")
    db.write_now(set_alarm, clock())
    one = timers.sources()["alarm"]
    with db.engine.connect() as older:
        older.exec_driver_sql("BEGIN")
        older.exec_driver_sql("SELECT pg_current_xact_id()")
        db.write_now(lambda tx: tx.emit(Answered(), to=nobody("conversation:1")))
        assert db.write_now(timers.fire, one) is None
        older.exec_driver_sql("ROLLBACK")
    assert db.write_now(timers.fire, one) is None
    last = written(db)[-1].cursor

    def catch_up(tx: Tx) -> None:
        tx.execute(journal_reader.insert().values(name="sla", xid=last.xid, pos=last.pos))

    db.write_now(catch_up)
    assert db.write_now(timers.fire, one) == 1


def test_a_name_is_declared_once(db: Database) -> None:
    timers.source("alarm", next_due, ring)
    with pytest.raises(ValueError, match="declared twice"):
        timers.source("alarm", next_due, ring)
