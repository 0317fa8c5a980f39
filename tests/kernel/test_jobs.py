"""Jobs: asked for in a transaction, done after it, once in effect."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from tests.support.clock import FakeClock
from yingke.kernel import jobs
from yingke.kernel.bus import MemoryBus
from yingke.kernel.clock import DAY, SECOND
from yingke.kernel.db import Database, Tx
from yingke.kernel.errors import NotFound, Refused, TooMany
from yingke.kernel.jobs import JobContext, LeaseLost, job
from yingke.kernel.worker import Worker


class Word(msgspec.Struct):
    text: str


class Script:
    """What the test job does: a function for each word, and what was seen."""

    def __init__(self) -> None:
        self.acts: dict[str, Callable[[JobContext], Any]] = {}
        self.seen: list[tuple[str, int, str]] = []
        self.now: set[str] = set()


script = Script()


@pytest.fixture(autouse=True)
def _clean() -> None:
    script.__init__()  # type: ignore[misc]


@job("test.say", attempts=3, lease=0.6, timeout=5, backoff=10)
async def say(ctx: JobContext, args: Word) -> None:
    script.seen.append((args.text, ctx.attempt, ctx.key))
    script.now.add(args.text)
    try:
        act = script.acts.get(args.text)
        if act is not None:
            await act(ctx)
    finally:
        script.now.discard(args.text)


@job("test.quick", attempts=1, timeout=0.05)
async def quick(ctx: JobContext, args: Word) -> None:
    await asyncio.sleep(10)


NAMES = ("test.say",)


def ask(tx: Tx, /, text: str = "hello", **how: Any) -> int | None:
    return jobs.enqueue(tx, "test.say", Word(text), **how)


def rows(db: Database) -> list[Any]:
    return db.read_now(lambda read: list(read.execute(select(jobs.table).order_by(jobs.c.id)).all()))


def claim(db: Database, limit: int = 10) -> list[jobs.Claimed]:
    return db.write_now(jobs.claim, NAMES, None, limit)


@asynccontextmanager
async def working(db: Database, clock: Any, **how: Any) -> AsyncIterator[Worker]:
    bus = MemoryBus()
    await bus.start()
    db.on_commit(lambda _, wakes: bus.wake(wakes))
    worker = Worker(db, bus, clock, **how)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.01)


# --- asking ----------------------------------------------------------------------------------------------------------


def test_a_job_is_kept_with_its_transaction_or_not_at_all(db: Database) -> None:
    def refused(tx: Tx) -> None:
        ask(tx)
        raise Refused("no")

    with pytest.raises(Refused):
        db.write_now(refused)
    assert rows(db) == []
    id_ = db.write_now(ask, "你好 \x00")
    assert [row.id for row in rows(db)] == [id_]
    assert msgspec.json.decode(rows(db)[0].args) == {"text": "你好 \x00"}


def test_only_one_unfinished_job_has_a_once_key(db: Database) -> None:
    assert db.write_now(ask, once_key="k") is not None
    assert db.write_now(ask, once_key="k") is None
    assert db.write_now(ask, once_key="other") is not None
    assert db.write_now(ask) is not None
    first = claim(db)[0]
    assert db.write_now(ask, once_key="k") is None, "running is unfinished"
    assert db.write_now(jobs.record_done, (first.id, first.claim))
    assert db.write_now(ask, once_key="k") is not None


# --- claiming --------------------------------------------------------------------------------------------------------


def test_the_longest_due_is_claimed_first_and_only_once(db: Database, clock: FakeClock) -> None:
    late = db.write_now(ask, "late", run_at=clock() + 5 * SECOND)
    soon = db.write_now(ask, "soon", run_at=clock() - SECOND)
    now = db.write_now(ask, "now")
    assert [one.id for one in claim(db, 1)] == [soon]
    assert [one.id for one in claim(db)] == [now]
    assert claim(db) == []
    assert db.read_now(jobs.next_due, NAMES, None) == clock() + round(0.6 * SECOND), "the lease ends before"
    clock.advance(5)
    assert late in [one.id for one in claim(db)]


def test_queues_and_unknown_names_are_left_alone(db: Database) -> None:
    bulk = db.write_now(ask, queue="bulk")
    db.write_now(lambda tx: jobs.enqueue(tx, "of.another.version", {}))
    assert db.write_now(jobs.claim, NAMES, ("default",), 10) == []
    assert [one.id for one in db.write_now(jobs.claim, NAMES, ("bulk",), 10)] == [bulk]


def test_a_lock_is_held_by_one_job_at_a_time(db: Database) -> None:
    first, second = db.write_now(ask, lock="a"), db.write_now(ask, lock="a")
    other, free = db.write_now(ask, lock="b"), db.write_now(ask)
    found = {one.id: one for one in claim(db)}
    assert set(found) == {first, other, free}
    assert claim(db) == []
    assert first is not None
    assert db.write_now(jobs.record_done, (first, found[first].claim))
    assert [one.id for one in claim(db)] == [second]


def test_a_long_queue_for_one_lock_hides_nobody(db: Database) -> None:
    def many(tx: Tx) -> int | None:
        for _ in range(30):
            ask(tx, lock="mailbox")
        return ask(tx, "free")

    free = db.write_now(many)
    assert {one.id for one in claim(db, 2)} == {1, free}


def test_a_lost_lease_is_claimed_again_and_its_first_holder_refused(db: Database, clock: FakeClock) -> None:
    id_ = db.write_now(ask, lock="a")
    (first,) = claim(db)
    clock.advance(0.5)
    assert claim(db) == []
    clock.advance(0.1)
    (second,) = claim(db)
    assert (second.id, second.attempts) == (id_, 2)
    held = (first.id, first.claim)
    assert not db.write_now(jobs.record_done, held)
    assert not db.write_now(jobs.record_failure, held, "late", 0.0, False)
    assert not db.write_now(jobs.give_back, held)
    assert db.write_now(jobs.extend, [(*held, 60.0), (second.id, second.claim, 60.0)]) == {second.id}
    assert rows(db)[0].lease_until == clock() + 60 * SECOND
    assert db.write_now(jobs.record_done, (second.id, second.claim))


def test_a_job_that_kills_its_workers_ends_as_failed(db: Database, clock: FakeClock) -> None:
    id_ = db.write_now(ask)
    for _ in range(3):
        assert len(claim(db)) == 1
        clock.advance(1)
    assert claim(db) == []
    (failed,) = db.read_now(jobs.list_failed)
    assert (failed.id, failed.attempts, failed.error) == (id_, 3, jobs.LOST)


# --- doing -----------------------------------------------------------------------------------------------------------


async def test_jobs_run_as_soon_as_they_are_kept(db: Database, clock: FakeClock) -> None:
    async with working(db, clock):
        await asyncio.sleep(0.05)
        await db.write(ask, "one")
        await until(lambda: rows(db)[0].state == "done", 2)
    assert script.seen == [("one", 1, f"job-1-{clock()}")]
    assert (rows(db)[0].finished_at, rows(db)[0].lease_until) == (clock(), None)


async def test_a_job_waits_for_its_time(db: Database, clock: FakeClock) -> None:
    clock.go()
    async with working(db, clock):
        due = clock() + SECOND // 2
        await db.write(ask, "later", run_at=due)
        while clock() < due:
            assert script.seen == []
            await asyncio.sleep(0.02)
        await until(lambda: bool(script.seen))


async def test_no_more_run_than_there_are_places(db: Database, clock: FakeClock) -> None:
    most = 0

    async def act(_: JobContext) -> None:
        nonlocal most
        most = max(most, len(script.now))
        await asyncio.sleep(0.02)

    for n in range(12):
        script.acts[str(n)] = act
        await db.write(ask, str(n))
    async with working(db, clock, concurrency=3):
        await until(lambda: all(row.state == "done" for row in rows(db)))
    assert most == 3
    assert len(script.seen) == 12


async def test_failures_are_repeated_with_growing_delay_then_kept(db: Database, clock: FakeClock) -> None:
    async def act(_: JobContext) -> None:
        raise OSError("no route, token=abcdef")

    script.acts["bad"] = act
    await db.write(ask, "bad")
    delays = []
    async with working(db, clock, rng=random.Random(7)) as worker:
        for attempt in (1, 2):
            await until(lambda n=attempt: (rows(db)[0].attempts, rows(db)[0].state) == (n, "waiting"))  # type: ignore[misc]
            delays.append((rows(db)[0].run_at - clock()) / SECOND)
            clock.advance(delays[-1])
            worker._on_wake("jobs")
        await until(lambda: rows(db)[0].state == "failed")
    assert 5 <= delays[0] <= 15
    assert 10 <= delays[1] <= 30
    assert rows(db)[0].error == "OSError: no route, token=***"


async def test_a_refusal_says_when_to_come_back(db: Database, clock: FakeClock) -> None:
    async def act(_: JobContext) -> None:
        raise TooMany("too_many", retry_after=120)

    script.acts["slow"] = act
    await db.write(ask, "slow")
    async with working(db, clock):
        await until(lambda: rows(db)[0].error is not None)
    assert rows(db)[0].run_at == clock() + 120 * SECOND


async def test_what_cannot_be_read_or_takes_too_long_fails(db: Database, clock: FakeClock) -> None:
    await db.write(lambda tx: jobs.enqueue(tx, "test.say", {"txet": "x"}))
    await db.write(lambda tx: jobs.enqueue(tx, "test.quick", Word("x")))
    async with working(db, clock):
        await until(lambda: all(row.state == "failed" for row in rows(db)))
    assert rows(db)[0].error.startswith("args: Object missing required field `text`")
    assert rows(db)[1].error.startswith("TimeoutError")
    assert [row.attempts for row in rows(db)] == [1, 1]


async def test_the_effect_is_written_with_the_record_or_not_at_all(db: Database, clock: FakeClock) -> None:
    def effect(tx: Tx, word: str) -> str:
        ask(tx, word)
        return word.upper()

    async def act(ctx: JobContext) -> None:
        assert await ctx.finish(effect, "effect") == "EFFECT"
        with pytest.raises(LeaseLost):
            await ctx.finish(effect, "twice")

    script.acts["cause"] = act
    await db.write(ask, "cause")
    async with working(db, clock):
        await until(lambda: [row.state for row in rows(db)] == ["done", "done"])
    assert [word for word, _, _ in script.seen] == ["cause", "effect"]


async def test_an_effect_that_is_refused_leaves_the_job_unfinished(db: Database, clock: FakeClock) -> None:
    def effect(tx: Tx) -> None:
        raise Refused("ticket_closed")

    async def act(ctx: JobContext) -> None:
        await ctx.finish(effect)

    script.acts["cause"] = act
    await db.write(ask, "cause")
    async with working(db, clock):
        await until(lambda: rows(db)[0].error == "Refused: ticket_closed")
    assert rows(db)[0].state == "waiting"


async def test_a_lease_is_extended_while_the_job_runs(db: Database, clock: FakeClock) -> None:
    clock.go()

    async def act(_: JobContext) -> None:
        await asyncio.sleep(1.5)

    script.acts["long"] = act
    await db.write(ask, "long")
    async with working(db, clock), working(db, clock):
        await until(lambda: rows(db)[0].state == "done")
    assert len(script.seen) == 1


async def test_who_lost_the_lease_is_interrupted_and_writes_nothing(db: Database, clock: FakeClock) -> None:
    ended: list[str] = []

    async def act(ctx: JobContext) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("interrupted")

    script.acts["long"] = act
    await db.write(ask, "long")
    async with working(db, clock):
        await until(lambda: bool(script.now))
        clock.advance(1)
        (other,) = claim(db)
        await until(lambda: bool(ended), 3)
    assert (rows(db)[0].state, rows(db)[0].claim) == ("running", other.claim)


async def test_stop_gives_back_what_is_unfinished(db: Database, clock: FakeClock) -> None:
    async def slow(_: JobContext) -> None:
        await asyncio.sleep(60)

    async def brief(_: JobContext) -> None:
        await asyncio.sleep(0.2)

    script.acts |= {"slow": slow, "brief": brief}
    await db.write(ask, "slow")
    await db.write(ask, "brief")
    async with working(db, clock) as worker:
        await until(lambda: len(script.now) == 2)
        began = asyncio.get_running_loop().time()
        await worker.stop(grace=0.5)
        assert asyncio.get_running_loop().time() - began < 2
    slow_row, brief_row = rows(db)
    assert brief_row.state == "done"
    assert (slow_row.state, slow_row.attempts, slow_row.lease_until) == ("waiting", 0, None)


# --- the administrator -----------------------------------------------------------------------------------------------


def test_failed_jobs_are_listed_and_retried(db: Database, clock: FakeClock) -> None:
    ids = [db.write_now(ask, once_key=key) for key in ("a", "b", "c")]
    for one in claim(db):
        db.write_now(jobs.record_failure, (one.id, one.claim), "no", 0.0, True)
    assert [one.id for one in db.read_now(jobs.list_failed, limit=2)] == ids[:0:-1]
    assert [one.id for one in db.read_now(jobs.list_failed, before=ids[1])] == ids[:1]
    clock.advance(60)
    assert ids[0] is not None
    assert ids[1] is not None
    db.write_now(jobs.retry, ids[0])
    with pytest.raises(NotFound):
        db.write_now(jobs.retry, ids[0])
    (again,) = claim(db)
    assert (again.id, again.attempts) == (ids[0], 1)
    assert db.write_now(ask, once_key="b") is not None
    with pytest.raises(Refused, match="job_waits_already"):
        db.write_now(jobs.retry, ids[1])


def test_done_jobs_go_after_a_while_and_failed_ones_stay(db: Database, clock: FakeClock) -> None:
    for _ in range(4):
        db.write_now(ask)
    done, failed, *_ = claim(db, 3)
    db.write_now(jobs.record_done, (done.id, done.claim))
    db.write_now(jobs.record_failure, (failed.id, failed.claim), "no", 0.0, True)
    clock.advance(jobs.KEPT / SECOND)
    assert db.write_now(jobs.trim) == 0
    clock.advance(DAY / SECOND)
    assert db.write_now(jobs.trim) == 1
    assert [row.state for row in rows(db)] == ["failed", "running", "waiting"]
