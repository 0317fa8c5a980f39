"""The loop that drives the readers of a process."""

from __future__ import annotations

import asyncio

import pytest

from tests.kernel.reading import Said, effects, own, react
from yingke.kernel import reactions
from yingke.kernel.bus import MemoryBus
from yingke.kernel.db import Database, Tx
from yingke.kernel.entries import nobody
from yingke.kernel.reactions import ReaderLoop

pytestmark = pytest.mark.usefixtures("own")
__all__ = ["own"]


async def until_effects(db: Database, *wanted: int) -> None:
    async with asyncio.timeout(20):
        while await asyncio.to_thread(effects, db) != list(wanted):
            await asyncio.sleep(0.002)


async def test_the_loop_reacts_when_it_is_woken(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.dialect == "sqlite":  # on PostgreSQL a wake-up may come too early, when something older is open
        monkeypatch.setattr(reactions, "POLL", 3600)
    react()
    bus = MemoryBus()
    db.on_commit(lambda _, wakes: bus.wake(wakes))
    await bus.start()
    loop = ReaderLoop(db, bus)
    await loop.start()
    for n in range(3):
        await db.write(lambda tx, n: tx.emit(Said(n), to=nobody("s")), n)
        await until_effects(db, *range(n + 1))
    await loop.stop()
    await db.write(lambda tx: tx.emit(Said(9), to=nobody("s")))
    assert await asyncio.to_thread(effects, db) == [0, 1, 2]


async def test_the_loop_looks_by_itself_when_nobody_wakes_it(
    db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reactions, "POLL", 0.01)
    react()
    loop = ReaderLoop(db, MemoryBus())
    await loop.start()
    await db.write(lambda tx: tx.emit(Said(1), to=nobody("s")))
    await until_effects(db, 1)
    step, failures = reactions.step, [OSError("gone")]

    def failing(tx: Tx) -> bool:
        if failures:
            raise failures.pop()
        return step(tx)

    monkeypatch.setattr(reactions, "step", failing)
    await db.write(lambda tx: tx.emit(Said(2), to=nobody("s")))
    await until_effects(db, 1, 2)
    assert "stumbled" in caplog.text
    await loop.stop()


async def test_the_loop_ends_at_whatever_moment_it_is_stopped(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Python 3.11 `wait_for` swallows a cancellation that comes together with what it waits for."""
    monkeypatch.setattr(reactions, "POLL", 3600)
    react()
    for turns in range(6):
        loop = ReaderLoop(db, MemoryBus())
        await loop.start()
        async with asyncio.timeout(20):
            while not loop._awake._waiters:
                await asyncio.sleep(0)
            loop._wake("journal")
            for _ in range(turns):
                await asyncio.sleep(0)
            await loop.stop()
