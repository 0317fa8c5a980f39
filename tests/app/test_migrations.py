"""Migrations make what the tables say, on both databases, once however often they are asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from yingke.app import wiring
from yingke.app.migrate import migrate
from yingke.kernel.schema import metadata
from yingke.kernel.text import search_tables

assert wiring.DECLARING  # every table is known


def test_migrations_make_what_the_tables_say(database_url: str) -> None:
    assert migrate(database_url)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        ours = {table.name for table in search_tables() if not table.name.startswith("test_")}

        def compared(_object: object, name: str | None, kind: str, *_: object) -> bool:
            return not (kind == "table" and name is not None and name.startswith(tuple(ours)))

        context = MigrationContext.configure(connection, opts={"include_object": compared})
        found = compare_metadata(context, metadata)
        if connection.dialect.name == "sqlite":  # an index of PostgreSQL alone, by `ddl_if`
            found = [one for one in found if "ix_journal_order" not in str(one)]
        assert not found, found
        made = set(inspect(connection).get_table_names())
        assert ours <= made
    engine.dispose()


def test_asked_again_there_is_nothing_to_do(database_url: str) -> None:
    assert migrate(database_url)
    assert not migrate(database_url)


def test_a_database_of_a_later_version_is_refused(database_url: str) -> None:
    migrate(database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(RuntimeError, match="9999"):
        migrate(database_url)


def test_several_at_once_one_does_it(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("a SQLite file is of one process")
    with ThreadPoolExecutor(3) as pool:
        changed = list(pool.map(lambda _: migrate(database_url), range(3)))
    assert sorted(changed) == [False, False, True]
