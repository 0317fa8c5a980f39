"""`write` and `read` on both databases: what is promised of groups, lanes, answers and views."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table, Text, func, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.support.clock import FakeClock
from tests.support.facts import written
from yingke.kernel.db import Batched, Database, Read, Tx, batched
from yingke.kernel.entries import Audience, Entry, Event, event, nobody, put
from yingke.kernel.errors import Refused, Unavailable
from yingke.kernel.rights import Actor

metadata = MetaData()
item = Table(
    "item",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)
part = Table(
    "part",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("item_id", ForeignKey(item.c.id, deferrable=True, initially="DEFERRED")),
)


@event("test.added")
class Added(Event, frozen=True):
    name: str


@pytest.fixture(autouse=True)
def _tables(db: Database) -> None:
    metadata.create_all(db.engine)


def add(tx: Tx, name: str) -> int:
    if name.startswith("refuse"):
        raise Refused("refused")
    tx.emit(Added(name), to=nobody(f"item:{name}"))
    return tx.insert(item, name=name)


@batched
def add_many(tx: Tx, names: Sequence[str]) -> list[int | Exception]:
    """What is refused is answered, what is a duplicate fails the statement."""
    if "crash" in names:
        raise RuntimeError("crash")
    good = [name for name in names if not name.startswith("refuse")]
    if good:
        tx.execute(insert(item), [{"name": name} for name in good])
        for name in good:
            tx.emit(Added(name), to=nobody(f"item:{name}"))
    return [Refused("refused") if name.startswith("refuse") else len(names) for name in names]


def break_commit(tx: Tx) -> None:
    tx.insert(part, item_id=4711)


def names(db: Database) -> list[str]:
    return list(db.read_now(lambda read: read.execute(select(item.c.name).order_by(item.c.id))).scalars())


def facts(db: Database) -> list[Any]:
    return [entry.event() for entry in written(db)]


@contextmanager
def writer_held(db: Database) -> Iterator[None]:
    """Meanwhile every writer thread is at work, so that what is submitted waits and goes as a group."""
    threads = 6 if db.dialect == "postgresql" else 1
    at_work, release = threading.Barrier(threads + 1), threading.Event()

    def hold(tx: Tx) -> None:
        at_work.wait(10)
        release.wait(10)

    holders = [threading.Thread(target=db.write_now, args=(hold,)) for _ in range(threads)]
    for holder in holders:
        holder.start()
    at_work.wait(10)
    try:
        yield
    finally:
        release.set()
        for holder in holders:
            holder.join()


async def together(db: Database, *calls: tuple[Any, ...]) -> list[Any]:
    """The outcome of writes that have waited together."""
    with writer_held(db):
        waiting = [asyncio.ensure_future(db.write(*call)) for call in calls]
        await asyncio.sleep(0.05)
    return await asyncio.gather(*waiting, return_exceptions=True)


# --- groups ----------------------------------------------------------------------------------------------------------


async def test_one_refused_or_failed_takes_nobody_along(db: Database) -> None:
    calls = [(add, "a"), (add, "refuse"), (add, "a"), (add, "b"), (lambda tx: 1 // 0,), (add, "c")]
    answers = [type(answer) for answer in await together(db, *calls)]
    assert {answers[0], answers[2]} == {int, IntegrityError}
    assert answers[4] is ZeroDivisionError
    assert (answers[1], answers[3], answers[5]) == (Refused, int, int)
    assert sorted(names(db)) == ["a", "b", "c"]
    assert sorted(fact.name for fact in facts(db)) == ["a", "b", "c"]


async def test_whatever_an_action_raises_the_writer_goes_on(db: Database) -> None:
    def stop(tx: Tx) -> None:
        next(iter(()))

    def leave(tx: Tx) -> None:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match="StopIteration"):
        await db.write(stop)
    with pytest.raises(SystemExit):
        await db.write(leave)
    assert await db.write(add, "a")


async def test_a_fact_that_cannot_be_written_fails_alone(db: Database) -> None:
    def unwritable(tx: Tx) -> None:
        tx.emit(Added("\ud800"), to=nobody("item:x"))

    answers = await together(db, (add, "a"), (unwritable,), (add, "b"))
    assert [type(answer) for answer in answers] == [int, UnicodeEncodeError, int]


async def test_a_batched_action_is_handed_all_calls_at_once(db: Database) -> None:
    answers = await together(db, *[(add_many, f"n{n}") for n in range(20)], (add_many, "refuse"))
    assert answers[:20] == [21] * 20
    assert isinstance(answers[20], Refused)
    assert names(db) == [f"n{n}" for n in range(20)]


async def test_a_batch_that_raises_is_run_one_by_one(db: Database) -> None:
    answers = await together(db, (add_many, "a"), (add_many, "crash"), (add_many, "b"), (add_many, "refuse"))
    assert [type(answer) for answer in answers] == [int, RuntimeError, int, Refused]
    assert names(db) == ["a", "b"]
    assert [fact.name for fact in facts(db)] == ["a", "b"]


async def test_a_batch_with_too_few_answers_is_a_failure(db: Database) -> None:
    silent: Batched[str, str] = batched(lambda tx, calls: [])
    with pytest.raises(RuntimeError, match="0 answers to 1 calls"):
        await db.write(silent, "x")


def test_a_batched_action_can_be_called_like_any_other(db: Database) -> None:
    def two(tx: Tx) -> int:
        return add_many(tx, "a") + add_many(tx, "b")

    assert db.write_now(two) == 2
    with pytest.raises(Refused):
        db.write_now(lambda tx: add_many(tx, "refuse"))


async def test_when_the_commit_fails_all_of_the_group_are_told(db: Database) -> None:
    told: list[frozenset[str]] = []
    db.on_commit(lambda _, wakes: told.append(wakes))

    @batched
    def broken(tx: Tx, calls: Sequence[str]) -> list[str]:
        for name in calls:
            add(tx, name)
        break_commit(tx)
        return list(calls)

    answers = await together(db, (broken, "a"), (broken, "b"))
    assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
    assert (names(db), facts(db), told) == ([], [], [])
    assert await db.write(add, "c")
    assert told == [frozenset({"journal"})]


async def test_on_sqlite_a_group_shares_one_commit(db: Database) -> None:
    if db.dialect != "sqlite":
        pytest.skip("there each call has its own")
    answers = await together(db, (add, "a"), (break_commit,), (add, "refuse"))
    assert [type(answer) for answer in answers] == [Unavailable] * 3, "a refusal may rest on what was lost"
    assert names(db) == []


# --- lanes -----------------------------------------------------------------------------------------------------------


async def test_people_go_first_and_the_background_is_not_starved(db: Database) -> None:
    order: list[str] = []

    def note(tx: Tx, what: str) -> None:
        order.append(what)

    with writer_held(db):
        behind = [asyncio.ensure_future(db.write_behind(note, "behind")) for _ in range(5)]
        await asyncio.sleep(0.02)
        first = [asyncio.ensure_future(db.write(note, "people")) for _ in range(30)]
        await asyncio.sleep(0.02)
    await asyncio.gather(*behind, *first)
    assert order[:24].count("behind") <= 2, "one of the background may go with each group"

    ended = False

    async def flood() -> None:
        while not ended:
            await db.write(note, "people")

    floods = [asyncio.ensure_future(flood()) for _ in range(20)]
    async with asyncio.timeout(10):
        for _ in range(10):
            await db.write_behind(note, "behind")
    ended = True
    await asyncio.gather(*floods)


async def test_a_group_ends_when_its_time_is_up(db: Database) -> None:
    if db.dialect != "sqlite":
        pytest.skip("one writer for all is SQLite's")

    def slow(tx: Tx, name: str) -> int:
        threading.Event().wait(0.008)
        return add(tx, name)

    commits: list[int] = []
    db.on_commit(lambda entries, _: commits.append(len(entries)))
    await together(db, *[(slow, str(n)) for n in range(12)])
    assert sum(commits) == 12
    assert max(commits) <= 4


# --- answers ---------------------------------------------------------------------------------------------------------


async def test_an_answer_means_that_others_see_it(db: Database) -> None:
    other = Database(db.url.render_as_string(hide_password=False))
    try:
        for n in range(20):
            await db.write(add, str(n))
            assert (
                other.read_now(lambda read: read.execute(select(func.count()).select_from(item)).scalar())
                == n + 1
            )
    finally:
        other.close()


async def test_many_tasks_write_at_once(db: Database) -> None:
    async def one(n: int) -> None:
        await db.write(add, f"single {n}")
        await db.write(add_many, f"batched {n}")
        await db.write_behind(add, f"behind {n}")

    await asyncio.gather(*(one(n) for n in range(100)))
    assert len(names(db)) == 300
    assert len(facts(db)) == 300


def test_several_event_loops_write_at_once(db: Database) -> None:
    async def some(loop: int) -> None:
        await asyncio.gather(*(db.write(add_many, f"{loop} {n}") for n in range(50)))

    threads = [threading.Thread(target=asyncio.run, args=(some(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(db)) == 200


async def test_a_caller_who_went_away_stops_nobody(db: Database) -> None:
    with writer_held(db):
        gone = asyncio.ensure_future(db.write(add, "gone"))
        stays = asyncio.ensure_future(db.write(add, "stays"))
        await asyncio.sleep(0.02)
        gone.cancel()
    assert await stays
    async with asyncio.timeout(5):
        while sorted(names(db)) != ["gone", "stays"]:  # it was under way
            await asyncio.sleep(0.01)


def test_entries_are_numbered_in_the_order_of_commit(db: Database, clock: FakeClock) -> None:
    told: list[Any] = []
    db.on_commit(lambda entries, _: told.extend(entries))
    who = Actor(kind="staff", id=7, key="k", name="n")

    def act(tx: Tx, by: Actor, word: str) -> None:
        tx.emit(
            Added(word), to=Audience(stream="item:1", staff={"list": [put("item", "1", 1, {"word": word})]})
        )
        tx.emit(Added(word + "!"), to=nobody("item:2"))

    for word in ("a", "b"):
        clock.advance(1)
        db.write_now(act, who, word)
    kept = written(db)
    assert [entry.event() for entry in kept] == [Added("a"), Added("a!"), Added("b"), Added("b!")]
    assert [entry.cursor for entry in told] == [entry.cursor for entry in kept]
    assert sorted(entry.cursor for entry in kept) == [entry.cursor for entry in kept]
    assert {entry.actor for entry in kept} == {"staff:7"}
    assert kept[-1].at == clock()
    assert kept[0].staff == told[0].staff == {"list": b'[["put","item","1",1,{"word":"a"}]]'}


def test_a_listener_that_fails_stops_nothing(db: Database) -> None:
    def bad(entries: Sequence[Entry], wakes: frozenset[str]) -> None:
        raise RuntimeError("listener")

    told: list[frozenset[str]] = []
    db.on_commit(bad)
    db.on_commit(lambda _, wakes: told.append(wakes))
    db.write_now(add, "a")
    db.write_now(lambda tx: tx.wake("timers"))
    db.write_now(lambda tx: tx.wake("timers"))
    assert told == [{"journal"}, {"timers"}, {"timers"}]


async def test_closing_finishes_what_waits_and_refuses_the_rest(db: Database) -> None:
    with writer_held(db):
        waiting = [asyncio.ensure_future(db.write(add, str(n))) for n in range(20)]
        await asyncio.sleep(0.02)
        closing = asyncio.ensure_future(asyncio.to_thread(db.close))
        await asyncio.sleep(0.05)
        with pytest.raises(Unavailable):
            await db.write(add, "late")
    await closing
    assert all(isinstance(answer, int) for answer in await asyncio.gather(*waiting))
    with pytest.raises(Unavailable):
        await db.write(add, "later")


# --- views -----------------------------------------------------------------------------------------------------------


async def test_a_read_is_one_view_beside_the_writer(db: Database) -> None:
    await db.write(add, "a")
    began, go_on = threading.Event(), threading.Event()

    def count(read: Read) -> list[int]:
        seen = [read.execute(select(func.count()).select_from(item)).scalar_one()]
        began.set()
        go_on.wait(10)
        return [*seen, read.execute(select(func.count()).select_from(item)).scalar_one()]

    reading = asyncio.ensure_future(db.read(count))
    await asyncio.to_thread(began.wait, 10)
    await db.write(add, "b")
    go_on.set()
    assert await reading == [1, 1]
    assert await db.read(lambda read: len(read.execute(select(item)).all())) == 2


def test_a_read_that_fails_leaves_its_connection_usable(db: Database) -> None:
    def bad(read: Read) -> None:
        read.execute(select(Table("absent", MetaData(), Column("x", Text))))

    for _ in range(3):
        with pytest.raises(DBAPIError):
            db.read_now(bad)
    assert names(db) == []


def test_a_read_cannot_write(db: Database) -> None:
    def sly(read: Read) -> None:
        read.execute(insert(item).values(name="sly"))

    with pytest.raises(DBAPIError):
        db.read_now(sly)
    assert names(db) == []


async def test_now_is_one_moment_and_comes_from_the_clock(db: Database, clock: FakeClock) -> None:
    def times(tx: Tx) -> tuple[int, int]:
        before = tx.now
        clock.advance(1)
        return before, tx.now

    began = clock()
    assert await db.write(times) == (began, began)
    assert await db.read(lambda read: read.now) == clock()


def test_what_is_no_database_is_refused_at_once(db: Database) -> None:
    makes: list[Callable[[], Any]] = [
        lambda: Database("mysql://localhost/x"),
        lambda: Database("sqlite:////nowhere/at/all.db"),
    ]
    for make in makes:
        with pytest.raises(Exception, match=r"neither|unable to open|No module"):
            make()
