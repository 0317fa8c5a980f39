"""The order of facts on PostgreSQL: whatever order transactions commit in, each stream is told by `pos`, nothing is
missed or told twice, and a cursor taken anywhere loses nothing."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.support.postgres import postgres_url
from tests.support.schema import create_schema
from yingke.kernel import journal
from yingke.kernel.db import Database, Tx
from yingke.kernel.entries import START, Cursor, Entry, Event, event, nobody
from yingke.kernel.order import facts_in_order


@event("test.order.happened")
class Happened(Event, frozen=True):
    n: int


def entry(xid: int, pos: int, stream: str) -> Entry:
    return Entry(
        cursor=Cursor(xid, pos),
        at=0,
        kind="test",
        v=1,
        stream=stream,
        subject=None,
        actor="system:0",
        cause=None,
        customer_id=None,
        reguard=(),
        fact=b"{}",
        staff={},
        visitor={},
    )


@st.composite
def journals(draw: st.DrawFn) -> list[tuple[int, int, str]]:
    """(xid, pos, stream): any transaction may have stated its facts at any time."""
    size = draw(st.integers(1, 30))
    return [(draw(st.integers(1, 12)), pos, draw(st.sampled_from("abc"))) for pos in range(1, size + 1)]


@settings(max_examples=300)
@given(journals(), st.integers(1, 8))
def test_any_journal_read_in_pieces_is_told_in_order_once_and_completely(
    rows: list[tuple[int, int, str]], limit: int
) -> None:
    rows = sorted(rows)
    told: list[Entry] = []
    cursor = START
    while True:
        ahead = [entry(*row) for row in rows if Cursor(row[0], row[1]) > cursor]
        if not ahead:
            break
        batch: list[Entry] = []
        size = limit
        while not batch:
            later: dict[str, int] = {}
            for one in ahead[size:]:
                later[one.stream] = min(one.pos, later.get(one.stream, one.pos))
            batch = facts_in_order(ahead[:size], later)
            size *= 4
        told += batch
        assert batch[-1].cursor == max(one.cursor for one in batch)
        cursor = batch[-1].cursor
    assert sorted(one.pos for one in told) == sorted(pos for _, pos, _ in rows)
    for stream in "abc":
        numbers = [one.pos for one in told if one.stream == stream]
        assert numbers == sorted(numbers)
    cursors = [one.cursor for one in told]
    assert cursors == sorted(cursors), "the cursors never go back"
    for at, one in enumerate(told):
        if at + 1 < len(told) and told[at + 1].cursor > one.cursor:
            after = {pos for xid, pos, _ in rows if Cursor(xid, pos) > one.cursor}
            assert after == {later.pos for later in told[at + 1 :]}, "who stops here misses nothing"


@given(journals())
def test_what_is_in_order_keeps_its_own_cursors(rows: list[tuple[int, int, str]]) -> None:
    entries = [entry(pos, pos, stream) for _, pos, stream in rows]
    assert [one.cursor for one in facts_in_order(entries, {})] == [Cursor(pos, pos) for _, pos, _ in rows]


@pytest.mark.postgresql
def test_an_early_transaction_that_waits_late_does_not_overtake() -> None:
    """It draws its xid, then waits for the stream's lock; what it states afterwards is younger than its xid says."""
    with postgres_url() as url:
        create_schema(url)
        db = Database(url)
        drawn, committed = threading.Event(), threading.Event()

        def early(tx: Tx) -> None:
            tx.execute(text("SELECT pg_current_xact_id()"))
            drawn.set()
            assert committed.wait(10)
            tx.emit(Happened(2), to=nobody("thing:1"))

        def late(tx: Tx) -> None:
            tx.emit(Happened(1), to=nobody("thing:1"))

        try:
            thread = threading.Thread(target=lambda: db.write_now(early))
            thread.start()
            assert drawn.wait(10)
            db.write_now(late)
            committed.set()
            thread.join(10)
            entries = _wait_for(db, 2)
        finally:
            db.close()
        assert [one.event() for one in entries] == [Happened(1), Happened(2)]
        assert entries[0].cursor == entries[1].cursor


@pytest.mark.postgresql
def test_while_the_older_fact_cannot_be_read_the_younger_one_waits() -> None:
    """Between the two xids a third transaction is open: the older fact stands behind it, and is not to be read yet."""
    with postgres_url() as url:
        create_schema(url)
        db = Database(url)
        drawn, go, third_drawn, third_go = (threading.Event() for _ in range(4))

        def early(tx: Tx) -> None:
            tx.execute(text("SELECT pg_current_xact_id()"))
            drawn.set()
            assert go.wait(10)
            tx.emit(Happened(2), to=nobody("thing:1"))

        def between(tx: Tx) -> None:
            tx.execute(text("SELECT pg_current_xact_id()"))
            third_drawn.set()
            assert third_go.wait(10)

        try:
            threads = [threading.Thread(target=lambda: db.write_now(early))]
            threads[0].start()
            assert drawn.wait(10)
            threads.append(threading.Thread(target=lambda: db.write_now(between)))
            threads[1].start()
            assert third_drawn.wait(10)
            db.write_now(lambda tx: tx.emit(Happened(1), to=nobody("thing:1")))
            go.set()
            threads[0].join(10)
            assert db.read_now(journal.after, START, 10) == []
            third_go.set()
            threads[1].join(10)
            assert [one.event() for one in _wait_for(db, 2)] == [Happened(1), Happened(2)]
        finally:
            third_go.set()
            db.close()


def _wait_for(db: Database, count: int) -> list[Entry]:
    """Another test's open transaction on this server may hold them back for a moment."""
    for _ in range(1000):
        entries = db.read_now(journal.after, START, 10)
        if len(entries) >= count:
            return entries
        threading.Event().wait(0.01)
    raise AssertionError("they are not given")
