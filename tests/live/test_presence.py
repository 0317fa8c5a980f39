"""Who is there: told once on arrival, every 20 s for all, and gone when the grace is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.live.carried import Socket, open_socket
from tests.live.hall import PATIENCE, Hall, member, open_hall
from tests.support.clock import FakeClock
from tests.support.world import make_world
from yingke.kernel.clock import SECOND, monotonic
from yingke.kernel.db import Database
from yingke.live import door
from yingke.rooms.staff import api as staff
from yingke.rooms.staff import terms

ME = member(1, 1)


@pytest_asyncio.fixture
async def quick(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hall]:
    """A hall with a roll call every 20 ms."""
    monkeypatch.setattr(door, "EXTEND_EVERY", 0.02)
    async with open_hall(db, tmp_path) as hall:
        yield hall


async def until(seen: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not seen():
            await asyncio.sleep(0.005)


async def test_an_arrival_is_told_once_however_many_windows(hall: Hall) -> None:
    await open_socket(hall, ME)
    again = await open_socket(hall, ME)
    await open_socket(hall, member(2))
    again.leave()
    await again.end()
    await open_socket(hall, ME)
    assert hall.arrivals == [1, 2]


async def test_after_a_while_it_is_told_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await open_socket(hall, ME)
    one.leave()
    await one.end()
    now = monotonic()
    monkeypatch.setattr(door, "monotonic", lambda: now + door.TOLD_LATELY)
    await open_socket(hall, ME)
    assert hall.arrivals == [1, 1]


async def test_whoever_is_there_is_called_there_again_and_again(quick: Hall) -> None:
    first = await open_socket(quick, ME)
    await open_socket(quick, ME)
    await open_socket(quick, member(2))
    quick.roll_calls.clear()
    await until(lambda: len(quick.roll_calls) > 2)
    assert quick.roll_calls[-1] == [1, 2], "each once"
    first.leave()
    await first.end()
    quick.roll_calls.clear()
    await until(lambda: len(quick.roll_calls) > 1)
    assert quick.roll_calls[-1] == [1, 2], "the other window is still open"


async def test_staff_who_vanish_are_shown_as_gone_when_the_grace_is_over(
    quick: Hall, clock: FakeClock
) -> None:
    world = await asyncio.to_thread(make_world, quick.db)
    quick.arrive = lambda id_: quick.db.write_now(staff.connected, id_)
    quick.stay = lambda ids: quick.db.write(staff.extend_connected, ids)
    watching = await open_socket(quick, world.zhou, "team")

    async def passes(seconds: float) -> None:
        clock.advance(seconds)
        quick.roll_calls.clear()
        await until(lambda: len(quick.roll_calls) > 1)  # those who are there have been called there since
        await asyncio.to_thread(world.settle)
        await quick.heard()

    async def connected() -> bool:
        """As the watching screen is told next of Lin."""
        while True:
            for change in (await watching.hear()).get("changes", ()):
                if change[2] == world.lin.key:
                    return bool(change[4]["connected"])

    one = await open_socket(quick, world.lin)
    assert await connected() is True
    one.leave()
    await one.end()
    await passes(terms.GRACE / SECOND - 1)
    back = await open_socket(quick, world.lin)
    await passes(1)
    back.leave()
    await back.end()
    await passes(terms.GRACE / SECOND - 1)
    assert watching.sent == [], "nothing has changed for those who look"
    await passes(1)
    assert await connected() is False


async def test_an_arrival_that_cannot_be_kept_ends_the_socket_and_is_tried_again(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    hall.knows(ME)

    def fail(id_: int) -> None:
        raise OSError("the database is away")

    hall.arrive = fail
    one = Socket(hall)
    one.say("hello", v=1, token="s1")
    assert await one.closed() == 1011
    assert hall.empty
    hall.arrive = hall.arrivals.append
    await open_socket(hall, ME)
    assert hall.arrivals == [1]
    assert "the database is away" in caplog.text


async def test_a_roll_call_that_fails_is_held_again(quick: Hall, caplog: pytest.LogCaptureFixture) -> None:
    await open_socket(quick, ME)
    calls = quick.roll_calls

    class Failing(list[list[int]]):
        def append(self, ids: list[int]) -> None:
            quick.roll_calls = calls
            raise OSError("busy")

    quick.roll_calls = Failing()
    calls.clear()
    await until(lambda: calls)
    assert calls[0] == [1]
    assert "presence could not be kept" in caplog.text
