"""What every test may ask for: a database of its own on each engine, and a clock it can set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.postgres import postgres_url
from tests.support.schema import create_schema
from yingke.kernel.db import Database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once for each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'yingke.db'}"
    else:
        with postgres_url() as url:
            yield url


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def db(database_url: str, clock: FakeClock) -> Iterator[Database]:
    """A database with all tables, told the time by `clock`."""
    create_schema(database_url)
    database = Database(database_url, clock=clock)
    yield database
    database.close()
