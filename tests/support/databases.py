"""Databases with all tables, for tests that ask for one.

On SQLite a copy of a file made once. On PostgreSQL a database made once and given out again: emptying it takes a
twentieth of the time that making and dropping one takes (from a template still two thirds), and CREATE DATABASE is a
long transaction, on which every reader of a journal on that server waits. Where a test has changed its shape, it goes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.support.postgres import postgres_url
from tests.support.schema import create_schema
from yingke.kernel import text
from yingke.kernel.schema import metadata

Shape = frozenset[str]
Objects = frozenset[tuple[str, str]]

# Whatever a test may have made: tables, indexes, sequences; triggers; functions; constraints; columns.
_OBJECTS = """
SELECT c.relkind::text, c.relname || ' ' || c.relnatts FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', t.tgname FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL SELECT 'function', p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL SELECT 'constraint', n.conname FROM pg_constraint n WHERE n.connamespace = 'public'::regnamespace
"""
_FILLED = """
SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
 AND pg_relation_size(c.oid) > 0
"""
_OTHERS = """
SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
USES = 60  # after so many it is full of dead rows


class _Kept:
    """One database on PostgreSQL that is given out again and again."""

    def __init__(self, url: str, shape: Shape, stack: ExitStack) -> None:
        self.url = url
        self.shape = shape
        self.uses = 0
        self._stack = stack
        with self._connect() as conn:
            self._objects = self._look(conn)

    def _connect(self) -> psycopg.Connection:
        address = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True)

    @staticmethod
    def _look(conn: psycopg.Connection) -> Objects:
        return frozenset(conn.execute(_OBJECTS).fetchall())

    def empty(self) -> bool:
        """Take out what a test left; False where that cannot be done."""
        self.uses += 1
        if self.uses >= USES:
            return False
        with self._connect() as conn:
            conn.execute(_OTHERS)
            pristine = {name.split(" ")[0] for kind, name in self._objects if kind == "r"}
            tables = {name.split(" ")[0] for kind, name in self._look(conn) if kind == "r"}
            if foreign := tables - pristine:
                conn.execute(
                    sql.SQL("DROP TABLE {} CASCADE").format(sql.SQL(",").join(map(sql.Identifier, foreign)))
                )
            if self._look(conn) != self._objects:
                return False
            filled = [row[0] for row in conn.execute(_FILLED)]
            if filled:
                deletes = sql.SQL(", ").join(
                    sql.SQL("{} AS (DELETE FROM {})").format(sql.Identifier(f"d{n}"), sql.Identifier(name))
                    for n, name in enumerate(filled)
                )  # one statement: foreign keys are looked at when it ends
                conn.execute(sql.SQL("WITH {} SELECT 1").format(deletes))
            conn.execute("SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences")
        return True

    def drop(self) -> None:
        self._stack.close()


class Databases:
    """Of one process of the test run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._free: list[_Kept] = []
        self._files: dict[Shape, Path] = {}

    @contextmanager
    def sqlite(self, folder: Path) -> Iterator[str]:
        """A file in this folder, with all tables."""
        shape = _shape()
        if shape not in self._files:
            file = self._folder / f"template-{len(self._files)}.db"
            create_schema(f"sqlite:///{file}")
            self._files[shape] = file
        copy = folder / "yingke.db"
        shutil.copyfile(self._files[shape], copy)
        yield f"sqlite:///{copy}"

    @contextmanager
    def postgresql(self) -> Iterator[str]:
        """A database with all tables and nothing in them."""
        shape = _shape()
        kept = next((one for one in self._free if one.shape == shape), None)
        if kept is None:
            kept = self._make(shape)
        else:
            self._free.remove(kept)
        good = False
        try:
            yield kept.url
            good = kept.empty()
        finally:
            if good:
                self._free.append(kept)
            else:
                kept.drop()

    @staticmethod
    def _make(shape: Shape) -> _Kept:
        with ExitStack() as stack:
            url = stack.enter_context(postgres_url())
            create_schema(url)
            return _Kept(url, shape, stack.pop_all())
        raise AssertionError("not reached")

    def close(self) -> None:
        for kept in self._free:
            kept.drop()
        self._free.clear()


def _shape() -> Shape:
    """Which tables there are now: modules imported later may add some."""
    return frozenset([*metadata.tables, *(table.name for table in text.search_tables())])
