"""What only PostgreSQL can do to a transaction: connections that end, deadlocks, serialization failures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, text

from tests.support.clock import FakeClock
from tests.support.facts import written
from tests.support.postgres import postgres_url
from tests.support.schema import create_schema
from yingke.kernel.db import Database, Read, Tx
from yingke.kernel.entries import Event, event, nobody
from yingke.kernel.errors import Unavailable

pytestmark = pytest.mark.postgresql

metadata = MetaData()
account = Table(
    "account",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("name", Text),
    Column("n", BigInteger),
)


@event("test.booked")
class Booked(Event, frozen=True):
    id: int


@pytest.fixture
def db(clock: FakeClock) -> Iterator[Database]:
    with postgres_url() as url:
        create_schema(url)
        database = Database(url, clock=clock)
        metadata.create_all(database.engine)
        for n in (1, 2):
            database.write_now(open_account, n)
        yield database
        database.close()


def open_account(tx: Tx, id_: int) -> int:
    return tx.insert(account, id=id_, name="x", n=0)


def book(tx: Tx, id_: int) -> None:
    tx.execute(text("UPDATE account SET n = n + 1 WHERE id = :id"), {"id": id_})
    tx.emit(Booked(id_), to=nobody("account:1"))


def totals(read: Read) -> list[int]:
    return list(read.execute(text("SELECT n FROM account ORDER BY id")).scalars())


def terminate_others(db: Database) -> int:
    """End every connection to this database but the one that does it."""
    address = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as conn:
        return conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).rowcount


async def test_a_connection_that_ends_in_the_middle_repeats_the_action_once(db: Database) -> None:
    runs = 0

    def interrupted(tx: Tx) -> str:
        nonlocal runs
        runs += 1
        book(tx, 1)
        if runs == 1:
            terminate_others(db)
        book(tx, 2)
        return "kept"

    assert await db.write(interrupted) == "kept"
    assert runs == 2
    assert await db.read(totals) == [1, 1]
    assert len(written(db)) == 2


async def test_idle_connections_that_end_are_not_noticed(db: Database) -> None:
    for round_ in range(3):
        await asyncio.gather(*(db.write(book, 1) for _ in range(12)), *(db.read(totals) for _ in range(8)))
        assert terminate_others(db) > 1
        await db.write(book, 2)
        assert (await db.read(totals))[1] == round_ + 1
    assert await db.read(totals) == [36, 3]


async def test_a_connection_that_ends_while_committing_is_not_repeated(db: Database) -> None:
    runs = 0
    with db.engine.connect() as conn:
        conn.exec_driver_sql(
            "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        )
        conn.exec_driver_sql(
            "CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON account DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION end_session()"
        )

    def act(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        book(tx, 2)

    with pytest.raises(Unavailable):
        await db.write(act)
    assert runs == 1, "whether it was kept is not known"
    await db.write(book, 1)
    assert await db.read(totals) == [1, 0]


async def test_a_deadlock_is_run_again(db: Database) -> None:
    both = threading.Barrier(2)
    runs: list[tuple[int, int]] = []

    def cross(tx: Tx, first: int, second: int) -> None:
        runs.append((first, second))
        book(tx, first)
        if len(runs) <= 2:
            both.wait(10)
        book(tx, second)

    await asyncio.gather(db.write(cross, 1, 2), db.write(cross, 2, 1))
    assert len(runs) >= 3, "whoever gave way may run into it once more"
    assert await db.read(totals) == [2, 2]
    assert len(written(db)) == 4


async def test_a_serialization_failure_is_run_again_some_times(db: Database) -> None:
    runs = 0

    def act(tx: Tx, failures: int) -> None:
        nonlocal runs
        runs += 1
        book(tx, 1)
        if runs <= failures:
            tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$"))

    await db.write(act, 3)
    assert runs == 4
    runs = 0
    with pytest.raises(Unavailable):
        await db.write(act, 100)
    assert runs == 5
    assert await db.read(totals) == [1, 0]


async def test_a_statement_that_takes_too_long_fails_alone(db: Database) -> None:
    def slow(tx: Tx) -> None:
        book(tx, 1)
        tx.execute(text("SET LOCAL statement_timeout = 50"))
        tx.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(Exception, match="statement timeout"):
        await db.write(slow)
    assert await db.read(totals) == [0, 0]


async def test_a_read_survives_the_end_of_its_connection(db: Database) -> None:
    runs = 0

    def interrupted(read: Read) -> list[int]:
        nonlocal runs
        runs += 1
        if runs == 1:
            terminate_others(db)
        return totals(read)

    assert await db.read(interrupted) == [0, 0]
    assert runs == 2
