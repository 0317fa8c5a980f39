"""The hall, for every live test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.live.hall import Hall, open_hall
from yingke.kernel.db import Database


@pytest_asyncio.fixture
async def hall(db: Database, tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(db, tmp_path) as hall:
        yield hall
