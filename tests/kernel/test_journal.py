"""The journal: the order of the facts, the epoch, blanks and trimming."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, insert, select, text, update

from tests.support.clock import FakeClock
from tests.support.facts import written
from yingke.kernel import journal
from yingke.kernel.db import Database, Read, Sql, Tx
from yingke.kernel.entries import (
    START,
    Audience,
    Cursor,
    Entry,
    Event,
    encode_payload,
    event,
    nobody,
    put,
)
from yingke.kernel.rights import Actor

metadata = MetaData()
counter = Table("counter", metadata, Column("stream", Text, primary_key=True), Column("n", Integer))
early = Table(
    "early",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("n", Integer),
)


@event("test.counted")
class Counted(Event, frozen=True):
    n: int


@pytest.fixture(autouse=True)
def _tables(db: Database) -> None:
    metadata.create_all(db.engine)
    db.write_now(lambda tx: tx.execute(insert(counter), [{"stream": f"s{n}", "n": 0} for n in range(4)]))


def state(tx: Tx, n: int, stream: str) -> None:
    tx.emit(Counted(n), to=nobody(stream))


def count(tx: Tx, stream: str, first: bool, think: Sequence[float]) -> None:
    """State the next number of a stream. first: write something else before, and so draw one's place early."""
    if first:
        tx.insert(early, n=1)
    time.sleep(think[0])
    c = counter.c
    n = tx.execute(update(counter).where(c.stream == stream).values(n=c.n + 1).returning(c.n)).scalar_one()
    tx.emit(Counted(n), to=nobody(stream))
    time.sleep(think[1])


def all_after(db: Database, cursor: Cursor, least: int) -> list[Entry]:
    """Everything after a place, once there is so much: on PostgreSQL another test's transaction may hold it back."""
    give_up = time.monotonic() + 20
    while len(entries := db.read_now(journal.after, cursor, 1000)) < least:
        assert time.monotonic() < give_up, f"{len(entries)} of {least} are given"
        time.sleep(0.005)
    return entries


# --- order -----------------------------------------------------------------------------------------------------------


def test_with_eight_writers_a_tail_misses_none_repeats_none_and_sees_each_stream_in_order(
    db: Database,
) -> None:
    each = 15
    other = Database(db.url.render_as_string(hide_password=False))  # another process
    heads: list[tuple[Cursor, set[int]]] = []
    seen: list[Entry] = []
    writing = threading.Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(each):
            think = [chance.choice((0, 0, 0.001, 0.004)) for _ in range(2)]
            whose = (db, other)[seed % 2]
            whose.write_now(count, f"s{chance.randrange(4)}", chance.random() < 0.5, think)

    def look(read: Read) -> None:
        up_to = journal.head(read)
        heads.append((up_to, places(read, up_to)))

    def tail() -> None:
        chance, cursor = random.Random(99), START
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            entries, more = db.read_now(journal.read_on, cursor, chance.randint(1, 7))
            seen.extend(entries)
            cursor = entries[-1].cursor if entries else cursor
            if chance.random() < 0.3:
                db.read_now(look)
            if not more and writing.is_set() and len(seen) >= 8 * each:
                return

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
    reader = threading.Thread(target=tail)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    reader.join()
    other.close()

    kept = written(db)
    assert sorted(entry.pos for entry in seen) == sorted(entry.pos for entry in kept), (
        "none missed, none repeated"
    )
    for stream in {entry.stream for entry in kept}:
        numbers = [
            fact.n for entry in seen if entry.stream == stream and isinstance(fact := entry.event(), Counted)
        ]
        assert numbers == list(range(1, len(numbers) + 1)), f"{stream} is out of order"
    assert len(heads) > 3
    for up_to, known in heads:
        assert db.read_now(places, up_to) == known, "what stands before a head was there when it was taken"


def places(read: Read, up_to: Cursor) -> set[int]:
    return {pos for xid, pos in read.run(_ROWS) if Cursor(xid, pos) <= up_to}


_ROWS = Sql("SELECT xid, pos FROM journal", "SELECT xid::text::bigint, pos FROM journal")


@pytest.mark.postgresql
@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_reading_by_number_alone_would_miss_what_commits_late(db: Database) -> None:
    """Why the cursor is `(xid, pos)`, and why a reader waits for what is open: a number is drawn before the commit."""

    def naive(read: Read, cursor: int) -> list[int]:
        return list(read.execute(text("SELECT pos FROM journal WHERE pos > :c"), {"c": cursor}).scalars())

    with db.engine.connect() as slow:
        slow.exec_driver_sql("BEGIN")
        slow.exec_driver_sql(
            "INSERT INTO journal (at, kind, v, stream, actor, fact)"
            " VALUES (0, 'test.counted', 1, 'slow', 'system:0', '{\"n\": 1}')"
        )
        db.write_now(state, 2, "quick")
        naive_cursor = max(db.read_now(naive, 0))
        assert db.read_now(journal.after, START, 10) == [], "the quick one waits for the slow one"
        before = db.read_now(journal.head)
        slow.exec_driver_sql("COMMIT")
    assert db.read_now(naive, naive_cursor) == [], "the naive reader never sees the slow one"
    assert [entry.stream for entry in all_after(db, START, 2)] == ["slow", "quick"]
    assert all(entry.cursor > before for entry in all_after(db, START, 2))


def test_head_and_the_place_before_the_latest(db: Database) -> None:
    assert db.read_now(journal.place_before, 5) == START
    for n in range(5):
        db.write_now(state, n, "s")
    entries = all_after(db, START, 5)
    assert db.read_now(journal.head) >= entries[-1].cursor
    assert db.read_now(journal.place_before, 2) == entries[2].cursor
    assert db.read_now(journal.after, entries[2].cursor, 10)[0].event() == Counted(3)
    assert db.read_now(journal.place_before, 50) == START


def test_an_entry_comes_back_as_it_was_stated(db: Database, clock: FakeClock) -> None:
    who = Actor(kind="staff", id=7, key="k", name="n")
    told = Audience(
        stream="s",
        subject="3",
        customer_id=12,
        staff={"list": [put("row", "k", 1, {"字": "😀"})], "also": []},
        visitor={"chat/1": [put("row", "k", 1, None)]},
        reguard=["actor:staff:3", "thread/x"],
    )
    db.write_now(lambda tx, by: tx.emit(Counted(1), to=told), who)
    (entry,) = all_after(db, START, 1)
    assert (entry.event(), entry.actor, entry.at, entry.cause) == (Counted(1), "staff:7", clock(), None)
    assert (entry.stream, entry.subject, entry.customer_id) == ("s", "3", 12)
    assert entry.reguard == ("actor:staff:3", "thread/x")
    assert entry.staff == encode_payload(told.staff)
    assert entry.visitor == encode_payload(told.visitor)
    (bare,), more = db.read_now(lambda read: journal.read_on(read, START, 10, payloads=False))
    assert (bare.event(), bare.staff, bare.visitor, more) == (Counted(1), {}, {}, False)
    assert db.read_now(journal.at_pos, entry.pos + 1) is None


# --- epoch -----------------------------------------------------------------------------------------------------------


def test_the_epoch_stays_until_it_is_ended(db: Database) -> None:
    first = db.write_now(journal.epoch)
    assert db.write_now(journal.epoch) == first
    again = Database(db.url.render_as_string(hide_password=False))
    assert again.write_now(journal.epoch) == first
    again.close()
    second = db.write_now(journal.new_epoch)
    assert second != first
    assert db.write_now(journal.epoch) == second


def test_a_database_that_is_another_one_begins_an_epoch(db: Database) -> None:
    """As after a restore elsewhere, where transactions are counted from the start again."""
    first = db.write_now(journal.epoch)
    db.write_now(lambda tx: tx.execute(update(journal.journal_epoch).values(identity="the old server/16384")))
    second = db.write_now(journal.epoch)
    assert second != first
    assert db.write_now(journal.epoch) == second


# --- blanks ----------------------------------------------------------------------------------------------------------


def tell(tx: Tx, n: int, stream: str, subject: str | None, customer_id: int | None) -> None:
    changes = [put("message", f"{n}", 1, {"text": f"secret {n}"})]
    told = {"thread/a": changes, "inbox/b": changes}
    to = Audience(
        stream=stream, subject=subject, customer_id=customer_id, staff=told, visitor={"chat/c": changes}
    )
    tx.emit(Counted(n), to=to)


def blank(entry: Entry) -> bool:
    told = [*entry.staff.values(), *entry.visitor.values()]
    assert {changes == journal.REDACTED for changes in told} in ({True}, {False}), "half blanked"
    return told[0] == journal.REDACTED


def test_a_stream_is_blanked_from_its_subject_on(db: Database) -> None:
    for n, (stream, subject) in enumerate([("a", "1"), ("a", "2"), ("b", "2"), ("a", None), ("a", "3")]):
        db.write_now(tell, n, stream, subject, None)
    db.write_now(state, 9, "a")
    assert db.write_now(journal.redact, "a", "2") == 3
    entries = written(db)
    assert [blank(entry) for entry in entries[:5]] == [False, True, False, True, True]
    assert [entry.event() for entry in entries] == [Counted(n) for n in (0, 1, 2, 3, 4, 9)], "facts stay"
    assert set(entries[1].staff) == {"thread/a", "inbox/b"}, "who would have heard is still known"
    assert (entries[5].staff, entries[5].visitor) == ({}, {})
    assert "secret" not in str([row for row in db.read_now(_raw) if row[0] in (2, 4, 5)])
    assert db.write_now(journal.redact, "a", "2") == 3, "again is no harm"
    assert [blank(entry) for entry in written(db)[:5]] == [False, True, False, True, True]


def test_what_was_never_told_needs_no_blank(db: Database) -> None:
    db.write_now(tell, 0, "a", "1", None)
    assert db.write_now(journal.redact, "a", "2") == 0
    assert db.write_now(journal.redact, "c", "1") == 0
    assert not blank(written(db)[0])


def test_everything_told_of_a_person_is_blanked(db: Database) -> None:
    for n, customer in enumerate([7, 8, None, 7]):
        db.write_now(tell, n, f"s{n}", None, customer)
    assert db.write_now(journal.redact_customer, 7) == 2
    assert [blank(entry) for entry in written(db)] == [True, False, False, True]


def _raw(read: Read) -> list[tuple[Any, ...]]:
    sql = "SELECT pos, payload_staff, payload_visitor FROM journal ORDER BY pos"
    return read.run(Sql(sql, sql))


# --- trimming, lag ---------------------------------------------------------------------------------------------------


def set_reader(tx: Tx, name: str, cursor: Cursor) -> None:
    c = journal.journal_reader.c
    if not tx.execute(
        update(journal.journal_reader).where(c.name == name).values(xid=cursor.xid, pos=cursor.pos)
    ).rowcount:
        tx.insert(journal.journal_reader, name=name, xid=cursor.xid, pos=cursor.pos)


def left(db: Database) -> list[int]:
    return [fact.n for entry in written(db) if isinstance(fact := entry.event(), Counted)]


@pytest.fixture
def old(db: Database, clock: FakeClock) -> list[Entry]:
    """Six entries so old that they may go, and one that may not."""
    for n in range(6):
        db.write_now(state, n, f"s{n % 2}")
    clock.advance(30 * 24 * 3600)
    db.write_now(state, 6, "s0")
    clock.advance(0.000001)
    return all_after(db, START, 7)


def test_nothing_is_trimmed_that_a_reader_has_not_passed(db: Database, old: list[Entry]) -> None:
    assert db.write_now(journal.trim, 100) == 0, "nobody reads yet"
    db.write_now(set_reader, "quick", old[6].cursor)
    db.write_now(set_reader, "slow", START)
    assert db.write_now(journal.trim, 100) == 0
    db.write_now(set_reader, "slow", old[1].cursor)
    assert db.write_now(journal.trim, 100) == 2
    assert left(db) == [2, 3, 4, 5, 6]


def test_it_is_trimmed_in_pieces_and_only_what_is_old(db: Database, old: list[Entry]) -> None:
    db.write_now(set_reader, "r", old[6].cursor)
    assert [db.write_now(journal.trim, 4) for _ in range(3)] == [4, 2, 0]
    assert left(db) == [6]


def park(tx: Tx, entry: Entry) -> None:
    tx.insert(journal.journal_parked, reader="r", stream=entry.stream, pos=entry.pos, at=tx.now, error="x")


def test_what_is_parked_is_not_trimmed(db: Database, old: list[Entry]) -> None:
    db.write_now(set_reader, "r", old[6].cursor)
    for n in (0, 3):
        db.write_now(park, old[n])
    assert db.write_now(journal.trim, 2) == 2
    assert left(db) == [0, 3, 4, 5, 6]
    assert db.write_now(journal.trim, 100) == 2
    assert left(db) == [0, 3, 6]


def test_the_lag_is_the_age_of_what_some_reader_has_still_to_see(db: Database, clock: FakeClock) -> None:
    assert (db.read_now(journal.lag_seconds), db.read_now(journal.unread)) == (0.0, False)
    db.write_now(state, 1, "s")
    clock.advance(5)
    db.write_now(state, 2, "s")
    clock.advance(2.5)
    first, second = all_after(db, START, 2)
    assert db.read_now(journal.lag_seconds) == 0.0, "nobody reads"
    assert db.read_now(journal.unread) is True, "whoever comes begins at the start"
    for slow, lag, unread in ((START, 7.5, True), (first.cursor, 2.5, True), (second.cursor, 0.0, False)):
        db.write_now(set_reader, "slow", slow)
        db.write_now(set_reader, "quick", second.cursor)
        assert db.read_now(journal.lag_seconds) == lag
        assert db.read_now(journal.unread) is unread


@pytest.mark.postgresql
@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_an_open_transaction_that_holds_the_readers_back_is_seen_as_lag(
    db: Database, clock: FakeClock
) -> None:
    db.write_now(set_reader, "r", START)
    with db.engine.connect() as slow:
        slow.exec_driver_sql("BEGIN")
        slow.exec_driver_sql("SELECT pg_current_xact_id()")
        db.write_now(state, 1, "s")
        clock.advance(3)
        assert db.read_now(journal.after, START, 10) == []
        assert db.read_now(journal.lag_seconds) == 3.0
        slow.exec_driver_sql("ROLLBACK")


def test_reader_cursors_begin_at_the_start(db: Database) -> None:
    assert db.read_now(journal.reader_cursor, "nobody") == START
    db.write_now(set_reader, "r", Cursor(3, 4))
    assert db.read_now(journal.reader_cursor, "r") == Cursor(3, 4)
    assert db.read_now(lambda read: read.execute(select(journal.journal_reader.c.name)).scalars().all()) == [
        "r"
    ]
