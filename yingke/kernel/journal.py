"""The journal: what was stated, in the order of commit, and the readers that react to it.

    @on(ConversationClosed, reader="routing")
    def free_the_place(tx: Tx, entry: Entry, fact: ConversationClosed) -> None: ...

A reader keeps a cursor and moves it in the transaction of its effect: delivery is at least once, effects are once. A
bad entry parks its stream for that reader, where the administrator sees it and can retry; it blocks nobody else.

Order: on SQLite `pos` is the order of commit. On PostgreSQL a sequence is not, so the order is `(xid, pos)` and only
entries older than every open transaction are read.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
from sqlalchemy import BigInteger, Index, Integer, Text, UniqueConstraint, select

from yingke.kernel.clock import DAY, SECOND
from yingke.kernel.db import Read, Sql, Tx
from yingke.kernel.entries import LAST_POS, START, Cursor, Entry, Event, split_payload
from yingke.kernel.order import facts_in_order
from yingke.kernel.schema import Column, Id, Micros, Table, Xid, id_column, metadata, transaction_number

KEPT = 30 * DAY

journal = Table(
    "journal",
    metadata,
    Column("pos", Id, primary_key=True, autoincrement=True),
    Column("xid", Xid, nullable=False, server_default=transaction_number()),
    Column("at", Micros, nullable=False),
    Column("kind", Text, nullable=False),
    Column("v", Integer, nullable=False),
    Column("stream", Text, nullable=False, index=True),
    Column("subject", Text),
    Column("actor", Text, nullable=False),
    Column("cause", BigInteger),
    Column("customer_id", BigInteger, index=True),
    Column("reguard", Text),
    Column("fact", Text, nullable=False),
    Column("payload_staff", Text),
    Column("payload_visitor", Text),
    Index("ix_journal_order", "xid", "pos").ddl_if(dialect="postgresql"),
    sqlite_autoincrement=True,
)
journal_epoch = Table(
    "journal_epoch",
    metadata,
    id_column(),
    Column("epoch", Text, nullable=False),
    Column("identity", Text, nullable=False),
)
journal_reader = Table(
    "journal_reader",
    metadata,
    Column("name", Text, primary_key=True),
    Column("xid", BigInteger, nullable=False),
    Column("pos", BigInteger, nullable=False),
)
journal_parked = Table(
    "journal_parked",
    metadata,
    id_column(),
    Column("reader", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("pos", BigInteger, nullable=False),
    Column("at", Micros, nullable=False),
    Column("error", Text, nullable=False),
    UniqueConstraint("reader", "pos"),
    Index(None, "reader", "stream"),
)

# --- reading ---------------------------------------------------------------------------------------------------------

_FACT = "at, kind, v, stream, subject, actor, cause, customer_id, reguard, fact"
_COLUMNS = f"{_FACT}, payload_staff, payload_visitor"


def _after(columns: str) -> Sql:
    return Sql(
        f"SELECT xid, pos, {columns} FROM journal WHERE pos > ?2 ORDER BY pos LIMIT ?3",
        f"SELECT xid::text::bigint, pos, {columns} FROM journal WHERE (xid, pos) > (%s::text::xid8, %s)"
        " AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, pos LIMIT %s",
    )


_AFTER = _after(_COLUMNS)
_FACTS_AFTER = _after(f"{_FACT}, NULL, NULL")
_HEAD = Sql(
    "SELECT 0, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'journal'), 0)",
    f"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1, {LAST_POS}",
)
_ONE = Sql(
    f"SELECT xid, pos, {_COLUMNS} FROM journal WHERE pos = ?1",
    f"SELECT xid::text::bigint, pos, {_COLUMNS} FROM journal WHERE pos = %s",
)


class Batch(NamedTuple):
    """Entries in the order of the facts; `more` when others may be read at once."""

    entries: list[Entry]
    more: bool


# Visible rows of these streams that stand after a place, although their facts are older. Also such as are not yet to be
# read: whoever overtook them has seen them committed.
_OVERTAKEN = (
    "SELECT b.stream, min(j.pos) FROM unnest(%s::text[], %s::bigint[]) AS b(stream, pos) JOIN journal j"
    " ON j.stream = b.stream AND j.pos < b.pos AND (j.xid, j.pos) > (%s::text::xid8, %s) GROUP BY b.stream"
)


def read_on(read: Read, cursor: Cursor, limit: int, *, payloads: bool = True) -> Batch:
    """The entries after a place; without `payloads` for reactions, which need the facts alone.

    On PostgreSQL a few more than `limit` where their order asks for it, or none while an open transaction stands
    between two facts of one stream.
    """
    statement = _AFTER if payloads else _FACTS_AFTER
    while True:
        entries = [_entry(row) for row in read.run(statement, (cursor.xid, cursor.pos, limit))]
        full = len(entries) == limit
        if read.dialect == "sqlite" or not entries:
            return Batch(entries, full)
        highest: dict[str, int] = {}
        for entry in entries:
            highest[entry.stream] = max(entry.pos, highest.get(entry.stream, 0))
        last = entries[-1].cursor
        params = (list(highest), list(highest.values()), last.xid, last.pos)
        told = facts_in_order(entries, dict(read.run(Sql("", _OVERTAKEN), params)))
        if told or not full:
            return Batch(told, full)
        limit *= 4


def after(read: Read, cursor: Cursor, limit: int) -> list[Entry]:
    """The entries of `read_on` alone."""
    return read_on(read, cursor, limit).entries


def at_pos(read: Read, pos: int) -> Entry | None:
    """The entry with this number, or None when it is no longer kept."""
    rows = read.run(_ONE, (pos,))
    return _entry(rows[0]) if rows else None


def head(read: Read) -> Cursor:
    """The place up to which this view of the database holds everything that will ever stand before it."""
    ((xid, pos),) = read.run(_HEAD)
    return Cursor(xid, pos)


_BEFORE = Sql(
    "SELECT 0, pos FROM journal ORDER BY pos DESC LIMIT 1 OFFSET ?",
    "SELECT xid::text::bigint, pos FROM journal ORDER BY xid DESC, pos DESC LIMIT 1 OFFSET %s",
)


def place_before(read: Read, last: int) -> Cursor:
    """The place that has at most the `last` latest entries after it."""
    rows = read.run(_BEFORE, (last,))
    return Cursor(*rows[0]) if rows else START


def _entry(row: tuple[Any, ...]) -> Entry:
    xid, pos, at, kind, v, stream, subject, actor, cause, customer_id, reguard, fact, staff, visitor = row
    return Entry(
        cursor=Cursor(xid, pos),
        at=at,
        kind=kind,
        v=v,
        stream=stream,
        subject=subject,
        actor=actor,
        cause=cause,
        customer_id=customer_id,
        reguard=tuple(reguard.split()) if reguard else (),
        fact=fact.encode(),
        staff=split_payload(staff),
        visitor=split_payload(visitor),
    )


# --- epoch -----------------------------------------------------------------------------------------------------------

_IDENTITY = Sql(
    "SELECT 'sqlite'",
    "SELECT (SELECT system_identifier::text FROM pg_control_system()) || '/' || "
    "(SELECT oid::text FROM pg_database WHERE datname = current_database())",
)


def epoch(tx: Tx) -> str:
    """The present epoch, begun anew when this is no longer the database it was begun in."""
    ((identity,),) = tx.run(_IDENTITY)
    row = tx.execute(select(journal_epoch).order_by(journal_epoch.c.id.desc()).limit(1)).first()
    if row is not None and row.identity == identity:
        return cast(str, row.epoch)
    return new_epoch(tx)


def new_epoch(tx: Tx) -> str:
    """Begin an epoch: after a restore or a move, when positions start again. Clients take snapshots."""
    ((identity,),) = tx.run(_IDENTITY)
    name = secrets.token_hex(4)
    tx.insert(journal_epoch, epoch=name, identity=identity)
    return name


# --- redaction and trimming ------------------------------------------------------------------------------------------

_REDACT = Sql(
    "UPDATE journal SET payload_staff = ?, payload_visitor = ? WHERE pos = ?",
    "UPDATE journal SET payload_staff = %s, payload_visitor = %s WHERE pos = %s",
)
_OF_STREAM = Sql(
    "SELECT pos, payload_staff, payload_visitor FROM journal WHERE stream = ?1 AND pos >="
    " coalesce((SELECT min(pos) FROM journal WHERE stream = ?1 AND subject = ?2), 9223372036854775807)",
    "SELECT pos, payload_staff, payload_visitor FROM journal WHERE stream = %(stream)s AND pos >="
    " coalesce((SELECT min(pos) FROM journal WHERE stream = %(stream)s AND subject = %(subject)s),"
    " 9223372036854775807)",
)
_OF_CUSTOMER = Sql(
    "SELECT pos, payload_staff, payload_visitor FROM journal WHERE customer_id = ?1",
    "SELECT pos, payload_staff, payload_visitor FROM journal WHERE customer_id = %(customer)s",
)

REDACTED = b"null"  # in place of a topic's changes: who reads over it takes a snapshot


def redact(tx: Tx, stream: str, subject: str) -> int:
    """Blank what screens were told of this stream since `subject` (a message, say) was first stated.

    Later entries repeat it (previews), so they go too. Who catches up over a blank takes a snapshot. Answers how many
    entries were changed.
    """
    params: Any = (stream, subject) if tx.dialect == "sqlite" else {"stream": stream, "subject": subject}
    return _blank(tx, tx.run(_OF_STREAM, params))


def redact_customer(tx: Tx, customer_id: int) -> int:
    """Blank everything screens were told about a person, for erasure."""
    params: Any = (customer_id,) if tx.dialect == "sqlite" else {"customer": customer_id}
    return _blank(tx, tx.run(_OF_CUSTOMER, params))


def _blank(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> int:
    blanked = [
        (_blank_payload(staff), _blank_payload(visitor), pos)
        for pos, staff, visitor in rows
        if staff or visitor
    ]
    tx.run_many(_REDACT, blanked)
    return len(blanked)


def _blank_payload(payload: str | None) -> str | None:
    return payload and msgspec.json.encode(dict.fromkeys(split_payload(payload))).decode()


_TRIM = Sql(
    "DELETE FROM journal WHERE pos IN (SELECT pos FROM journal WHERE at < ?1 AND pos <= ?3"
    " AND NOT EXISTS (SELECT 1 FROM journal_parked p WHERE p.pos = journal.pos) ORDER BY pos LIMIT ?4)"
    " AND ?2 = ?2 RETURNING pos",
    "DELETE FROM journal WHERE pos IN (SELECT pos FROM journal WHERE at < %s"
    " AND (xid, pos) <= (%s::text::xid8, %s)"
    " AND NOT EXISTS (SELECT 1 FROM journal_parked p WHERE p.pos = journal.pos) ORDER BY xid, pos LIMIT %s)"
    " RETURNING pos",
)


def trim(tx: Tx, limit: int) -> int:
    """Remove at most `limit` entries older than `KEPT`, none that a reader has not passed or has parked; answers how
    many went."""
    slowest = min((Cursor(row.xid, row.pos) for row in tx.execute(select(journal_reader))), default=None)
    return 0 if slowest is None else len(tx.run(_TRIM, (tx.now - KEPT, slowest.xid, slowest.pos, limit)))


_OLDEST_UNREAD = Sql(
    "SELECT at FROM journal WHERE ?1 = ?1 AND pos > ?2 ORDER BY pos LIMIT 1",
    "SELECT at FROM journal WHERE (xid, pos) > (%s::text::xid8, %s) ORDER BY xid, pos LIMIT 1",
)


def lag_seconds(read: Read) -> float:
    """The age of the oldest entry that some reader has still to see, in seconds; on PostgreSQL also while an open
    transaction anywhere on the server holds it back."""
    slowest = min((Cursor(row.xid, row.pos) for row in read.execute(select(journal_reader))), default=None)
    if slowest is None:
        return 0.0
    rows = read.run(_OLDEST_UNREAD, (slowest.xid, slowest.pos))
    return max(0, read.now - rows[0][0]) / SECOND if rows else 0.0


def unread(read: Read) -> bool:
    """Whether some reader has still something to see."""
    slowest = min((Cursor(row.xid, row.pos) for row in read.execute(select(journal_reader))), default=START)
    return bool(read.run(_OLDEST_UNREAD, (slowest.xid, slowest.pos)))


# --- reactions -------------------------------------------------------------------------------------------------------

F = TypeVar("F", bound=Event)
Reaction = Callable[[Tx, Entry, Any], None]
BatchedReaction = Callable[[Tx, Sequence[tuple[Entry, Any]]], None]


class Reader:
    """A reader's name and what it does on which fact."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.single: dict[str, Reaction] = {}
        self.batched: dict[str, BatchedReaction] = {}

    def wants(self, kind: str) -> bool:
        return kind in self.single or kind in self.batched


_readers: dict[str, Reader] = {}


def readers() -> dict[str, Reader]:
    """Every reader declared by the modules imported so far."""
    return _readers


def _reader(name: str) -> Reader:
    return _readers.setdefault(name, Reader(name))


def on(
    *facts: type[F], reader: str
) -> Callable[[Callable[[Tx, Entry, F], None]], Callable[[Tx, Entry, F], None]]:
    """React to each of these facts, in the journal's order, in a savepoint of its own."""

    def register(fn: Callable[[Tx, Entry, F], None]) -> Callable[[Tx, Entry, F], None]:
        for fact in facts:
            _claim(_reader(reader), fact.kind)
            _reader(reader).single[fact.kind] = cast(Reaction, fn)
        return fn

    return register


def on_many(
    *facts: type[F], reader: str
) -> Callable[
    [Callable[[Tx, Sequence[tuple[Entry, F]]], None]], Callable[[Tx, Sequence[tuple[Entry, F]]], None]
]:
    """The same for many entries at once: for readers on the path of a message."""

    def register(
        fn: Callable[[Tx, Sequence[tuple[Entry, F]]], None],
    ) -> Callable[[Tx, Sequence[tuple[Entry, F]]], None]:
        for fact in facts:
            _claim(_reader(reader), fact.kind)
            _reader(reader).batched[fact.kind] = cast(BatchedReaction, fn)
        return fn

    return register


def _claim(reader: Reader, kind: str) -> None:
    if reader.wants(kind):
        raise ValueError(f"reader {reader.name} already reacts to {kind}")


def reader_cursor(read: Read, name: str) -> Cursor:
    """How far a reader is; the start for one that has never run."""
    row = read.execute(select(journal_reader).where(journal_reader.c.name == name)).first()
    return START if row is None else Cursor(row.xid, row.pos)
