"""Bringing a database to the shape this version needs."""

from __future__ import annotations

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

LOCK = 7_405_361  # any number: the name of our advisory lock
LOCK_WAIT = "60s"


def migrate(url: str) -> bool:
    """Apply what is missing; whether anything was. Several processes may ask at once: one does it."""
    engine = create_engine(make_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            config = _config()
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET lock_timeout = '{LOCK_WAIT}'"))
                connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
                connection.commit()
            if _current(connection) == _newest(config):
                return False
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            return True
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("yingke.app") / "migrations"))
    return config


def _current(connection: Connection) -> str | None:
    current = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    return current


def _newest(config: Config) -> str | None:
    return ScriptDirectory.from_config(config).get_current_head()
