"""How many calls of a batched action share a step of the SQLite writer: as many as its time allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.clock import FakeClock
from yingke.kernel.db import Batched, Database, Tx
from yingke.kernel.sqlite import FIRST_BATCH, MAX_BATCH, MAX_HOLD


async def _sizes(database_url: str, clock: FakeClock, calls: int, seconds: float) -> list[int]:
    """The sizes of the batches when each call takes so long."""
    sizes: list[int] = []

    def many(tx: Tx, batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        time.sleep(seconds * len(batch))
        return list(batch)

    action = Batched(many)
    db = Database(database_url, clock=clock)
    try:
        answers = await asyncio.gather(*(db.write(action, n) for n in range(calls)))
    finally:
        db.close()
    assert answers == list(range(calls))
    return sizes


async def test_slow_calls_go_in_small_batches(tmp_path: Path, clock: FakeClock) -> None:
    sizes = await _sizes(f"sqlite:///{tmp_path}/pace.db", clock, 300, 0.002)
    assert max(sizes) <= FIRST_BATCH
    assert max(sizes[4:]) <= 1.5 * MAX_HOLD / 0.002


async def test_quick_calls_go_together(tmp_path: Path, clock: FakeClock) -> None:
    sizes = await _sizes(f"sqlite:///{tmp_path}/pace.db", clock, 3 * MAX_BATCH, 0.0)
    assert max(sizes) > 2 * FIRST_BATCH
