"""Bringing a database to the shape this version needs.

Alembic is imported only when there is something to apply: it is a quarter of what a start would cost.
"""

from __future__ import annotations

from importlib import resources

from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

LOCK = 7_405_361  # any number: the name of our advisory lock
LOCK_WAIT = "60s"


def migrate(url: str) -> bool:
    """Apply what is missing; whether anything was. Several processes may ask at once: one does it.

    Raises RuntimeError for a database that a later version has been at.
    """
    engine = create_engine(make_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if _current(connection) == newest():
                return False
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET lock_timeout = '{LOCK_WAIT}'"))
                connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
                connection.commit()
            current = _current(connection)
            if current == newest():  # another process was first
                return False
            if current is not None and current > newest():
                raise RuntimeError(
                    f"The database is at {current}, this version knows {newest()}: install the later one."
                )
            _upgrade(connection)
            return True
    finally:
        engine.dispose()


def newest() -> str:
    """The number of the newest migration of this version."""
    versions = resources.files("yingke.app") / "migrations" / "versions"
    return max(one.name.split("_")[0] for one in versions.iterdir() if one.name[:4].isdigit())


def _current(connection: Connection) -> str | None:
    known = inspect(connection).has_table("alembic_version")
    current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if known else None
    connection.commit()
    return current


def _upgrade(connection: Connection) -> None:
    from alembic import command  # house: allow inner-import because a start rarely needs it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("yingke.app") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
