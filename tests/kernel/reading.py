"""A reader that keeps what it is told, for the tests of readers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table, Text, select

from yingke.kernel import journal, reactions
from yingke.kernel.db import Database, Tx
from yingke.kernel.entries import Cursor, Entry, Event, event, nobody
from yingke.kernel.journal import on

metadata = MetaData()
Id = BigInteger().with_variant(Integer(), "sqlite")
effect = Table(
    "effect", metadata, Column("id", Id, primary_key=True), Column("reader", Text), Column("n", Integer)
)
bond = Table(
    "bond",
    metadata,
    Column("id", Id, primary_key=True),
    Column("effect_id", ForeignKey(effect.c.id, deferrable=True, initially="DEFERRED")),
)


@event("test.said")
class Said(Event, frozen=True):
    n: int


@event("test.heard")
class Heard(Event, frozen=True):
    n: int


@pytest.fixture
def own(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of the tests, and no readers but those of the test."""
    metadata.create_all(db.engine)
    monkeypatch.setattr(journal, "_readers", {})


def say(db: Database, n: int, stream: str = "s", fact: type[Any] = Said) -> None:
    db.write_now(lambda tx: tx.emit(fact(n), to=nobody(stream)))


def effects(db: Database, reader: str = "r") -> list[int]:
    c = effect.c
    statement = select(c.n).where(c.reader == reader).order_by(c.id)
    return list(db.read_now(lambda read: read.execute(statement).scalars()))


def place(db: Database, reader: str = "r") -> Cursor:
    return db.read_now(journal.reader_cursor, reader)


def read_on(db: Database) -> None:
    """Let every reader pass everything."""
    db.write_now(reactions.prepare)
    give_up = time.monotonic() + 20
    while db.write_now(reactions.step) or db.read_now(journal.unread):
        assert time.monotonic() < give_up
        if db.dialect == "postgresql":
            time.sleep(0.002)  # another test's open transaction on this server may hold them back


def react(name: str = "r", bad: Sequence[int] = ()) -> list[int]:
    """A reader that keeps the number of each fact; `bad`: the numbers it fails at, which a test may empty."""
    trouble = list(bad)

    @on(Said, reader=name)
    def keep(tx: Tx, entry: Entry, fact: Said) -> None:
        tx.insert(effect, reader=name, n=fact.n)
        tx.emit(Heard(fact.n), to=nobody(f"heard {name}"))
        if fact.n in trouble:
            raise ValueError(f"number {fact.n}")

    return trouble


def parked(db: Database) -> list[tuple[str, str, int, str]]:
    return [(one.reader, one.stream, one.waiting, one.error) for one in db.read_now(reactions.list_parked)]
