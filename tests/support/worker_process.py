"""A process that does jobs and timers until it is killed: `python -m tests.support.worker_process URL`."""

from __future__ import annotations

import asyncio
import random
import sys
import time

import msgspec
from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Table, Text, func, insert, select, update

from yingke.kernel import jobs, timers
from yingke.kernel.bus import make_bus
from yingke.kernel.clock import system_clock
from yingke.kernel.db import Database, Read, Tx
from yingke.kernel.jobs import JobContext, job
from yingke.kernel.timers import Timers
from yingke.kernel.worker import Worker

metadata = MetaData()
Id = BigInteger().with_variant(Integer(), "sqlite")
outside = Table("outside", metadata, Column("id", Id, primary_key=True), Column("n", Integer))
effect = Table(
    "effect",
    metadata,
    Column("id", Id, primary_key=True),
    Column("n", Integer),
    Column("lock", Text),
    Column("began", Float),
    Column("ended", Float),
)
deadline = Table(
    "deadline",
    metadata,
    Column("id", Id, primary_key=True),
    Column("due_at", BigInteger),
    Column("state", Text),
)
fired = Table("fired", metadata, Column("id", Id, primary_key=True), Column("deadline_id", BigInteger))


class Work(msgspec.Struct):
    n: int
    lock: str | None


def called(tx: Tx, n: int) -> None:
    tx.insert(outside, n=n)


def record(tx: Tx, work: Work, began: float) -> None:
    tx.insert(effect, n=work.n, lock=work.lock, began=began, ended=time.monotonic())


@job("test.work", attempts=50, lease=1.0, backoff=0.05)
async def do_work(ctx: JobContext, args: Work) -> None:
    began = time.monotonic()
    await db.write(called, args.n)
    await asyncio.sleep(random.uniform(0, 0.03))
    if random.random() < 0.1:
        raise OSError("the outside is like that")
    await ctx.finish(record, args, began)


def enqueue_work(tx: Tx, n: int, lock: str | None) -> None:
    jobs.enqueue(tx, "test.work", Work(n, lock), lock=lock)


def next_due(read: Read) -> int | None:
    return read.execute(select(func.min(deadline.c.due_at)).where(deadline.c.state == "running")).scalar()


def claim_due(tx: Tx, limit: int) -> int:
    due = select(deadline.c.id).where(deadline.c.state == "running", deadline.c.due_at <= tx.now)
    ids = tx.execute(due.order_by(deadline.c.due_at).limit(limit)).scalars().all()
    ours = (
        tx.execute(
            update(deadline)
            .where(deadline.c.id.in_(ids), deadline.c.state == "running")
            .values(state="fired")
            .returning(deadline.c.id)
        )
        .scalars()
        .all()
    )
    if ours:
        tx.execute(insert(fired), [{"deadline_id": id_} for id_ in ours])
    return len(ours)


async def main(url: str) -> None:
    timers.source("test.deadline", next_due, claim_due)
    timers.LIMIT = 7  # many small claims: more to interrupt
    bus = make_bus(url)
    await bus.start()
    db.on_commit(lambda _, wakes: bus.wake(wakes))
    await Timers(db, bus, system_clock).start()
    await Worker(db, bus, system_clock, concurrency=8).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    db = Database(sys.argv[1])
    asyncio.run(main(sys.argv[1]))
