"""Databases that are used again are as good as new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.support.databases import Databases
from yingke.kernel import journal
from yingke.kernel.db import Database
from yingke.kernel.entries import Event, event, nobody


@event("test.left")
class Left(Event, frozen=True):
    n: int


def address(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Databases]:
    own = Databases(tmp_path)
    yield own
    own.close()


@pytest.mark.postgresql
def test_what_a_test_left_is_gone_for_the_next(own: Databases) -> None:
    with own.postgresql() as first:
        db = Database(first)
        epoch = db.write_now(journal.epoch)
        db.write_now(lambda tx: tx.emit(Left(1), to=nobody("s")))
        with db.engine.connect() as conn:
            conn.execute(text("CREATE TABLE of_a_test (id int)"))
        left_open = psycopg.connect(address(first))
        left_open.execute("INSERT INTO of_a_test VALUES (1)")
        db.close()
    with own.postgresql() as again:
        assert again == first, "it is used again"
        db = Database(again)
        db.write_now(lambda tx: tx.emit(Left(2), to=nobody("s")))
        row = db.read_now(lambda read: read.execute(text("SELECT pos, kind FROM journal")).one())
        assert tuple(row) == (1, "test.left"), "numbers begin anew"
        assert db.write_now(journal.epoch) != epoch
        assert (
            db.read_now(lambda read: read.execute(text("SELECT to_regclass('of_a_test')")).scalar()) is None
        )
        db.close()


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE journal ADD COLUMN more text",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE ticket",
        "DROP INDEX ix_journal_order",
    ],
)
def test_one_that_was_changed_is_not_given_out_again(own: Databases, statement: str) -> None:
    with own.postgresql() as first:
        engine = create_engine(first)
        with engine.begin() as conn:
            conn.execute(text(statement))
        engine.dispose()
    with own.postgresql() as second:
        assert second != first
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(address(first))


@pytest.mark.postgresql
def test_two_at_once_are_two(own: Databases) -> None:
    with own.postgresql() as one, own.postgresql() as other:
        assert one != other


def test_files_are_copies(own: Databases, tmp_path: Path) -> None:
    urls = []
    for n in range(2):
        folder = tmp_path / str(n)
        folder.mkdir()
        with own.sqlite(folder) as url:
            urls.append(url)
            db = Database(url)
            db.write_now(lambda tx: tx.emit(Left(1), to=nobody("s")))
            assert db.read_now(journal.head).pos == 1
            db.close()
    assert urls[0] != urls[1]
