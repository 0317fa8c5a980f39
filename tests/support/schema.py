"""The tables of every module imported so far, made without migrations."""

from __future__ import annotations

from sqlalchemy import create_engine

from yingke.kernel import jobs, journal, text
from yingke.kernel.schema import metadata

__all__ = ["create_schema", "jobs", "journal"]


def create_schema(url: str) -> None:
    """Make all tables and search indexes in an empty database."""
    engine = create_engine(url)
    try:
        with engine.begin() as conn:
            metadata.create_all(conn)
            for table in text.search_tables():
                for statement in table.ddl(conn.dialect.name):
                    conn.exec_driver_sql(statement)
    finally:
        engine.dispose()
