"""What every test may ask for: a database of its own on each engine, and a clock it can set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.postgres import postgres_url
from yingke.kernel.db import Database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Once for each engine."""
    return str(request.param)


@pytest.fixture
def database_url(engine_name: str, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path / 'yingke.db'}"
    else:
        with postgres_url() as url:
            yield url


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases with all tables, used again and again."""
    kept = Databases(tmp_path_factory.mktemp("databases"))
    yield kept
    kept.close()


@pytest.fixture
def ready_url(engine_name: str, tmp_path: Path, databases: Databases) -> Iterator[str]:
    """The address of a database with all tables and nothing in them."""
    with databases.sqlite(tmp_path) if engine_name == "sqlite" else databases.postgresql() as url:
        yield url


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def db(ready_url: str, clock: FakeClock) -> Iterator[Database]:
    """A database with all tables, told the time by `clock`."""
    database = Database(ready_url, clock=clock)
    yield database
    database.close()
