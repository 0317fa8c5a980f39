"""Wake-ups and signals, within a process and between processes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.postgres import postgres_url
from yingke.kernel.bus import Bus, MemoryBus, make_bus
from yingke.kernel.pgbus import PostgresqlBus


class Ear:
    """A started bus and what was heard by it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.wakes: list[str] = []
        self.signals: list[tuple[str, str, Any]] = []
        bus.on_wake(self.wakes.append)
        bus.on_signal(lambda *signal: self.signals.append(signal))


@asynccontextmanager
async def ear(bus: Bus) -> AsyncIterator[Ear]:
    heard = Ear(bus)
    await bus.start()
    try:
        yield heard
    finally:
        await bus.stop()


async def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.005)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgres_url() as url:
        yield url


def test_the_bus_goes_with_the_database() -> None:
    assert type(make_bus("sqlite:///x.db")) is MemoryBus
    assert isinstance(make_bus("postgresql+psycopg://h/d"), PostgresqlBus)


async def test_in_one_process_everything_is_heard_once() -> None:
    async with ear(MemoryBus()) as one:
        await asyncio.to_thread(one.bus.wake, frozenset({"jobs"}))
        one.bus.signal("chat:1", "typing", {"on": True})
        await until(lambda: bool(one.wakes))
        assert one.wakes == ["jobs"]
        assert one.signals == [("chat:1", "typing", {"on": True})]


async def test_before_start_and_after_stop_a_wake_is_lost_without_harm() -> None:
    bus = MemoryBus()
    bus.wake(frozenset({"jobs"}))
    await bus.start()
    await bus.stop()
    bus.wake(frozenset({"jobs"}))


pg = pytest.mark.postgresql


@pg
async def test_between_processes_everything_is_heard_once(url: str) -> None:
    async with ear(make_bus(url)) as one, ear(make_bus(url)) as two, ear(make_bus(url)) as three:
        one.bus.wake(frozenset({"jobs"}))
        for n in range(5):
            one.bus.signal("chat:1", "typing", {"n": n, "谁": "访客"})
        await until(lambda: len(two.signals) == len(three.signals) == 5)
        await asyncio.sleep(0.1)
        for heard in (one, two, three):
            assert heard.wakes == ["jobs"]
            assert heard.signals == [("chat:1", "typing", {"n": n, "谁": "访客"}) for n in range(5)]


@pg
async def test_equal_signals_are_each_heard(url: str) -> None:
    async with ear(make_bus(url)) as one, ear(make_bus(url)) as two:
        for _ in range(3):
            one.bus.signal("chat:1", "typing", None)
            await asyncio.sleep(0.02)
        one.bus.signal("chat:1", "typing", None)
        one.bus.signal("chat:1", "typing", None)
        await until(lambda: len(two.signals) == 5)


@pg
async def test_wakes_of_a_moment_are_one(url: str) -> None:
    async with ear(make_bus(url)) as one, ear(make_bus(url)) as two:
        for _ in range(500):
            one.bus.wake(frozenset({"journal"}))
        one.bus.wake(frozenset({"jobs"}))
        await until(lambda: "jobs" in two.wakes)
        await asyncio.sleep(0.05)
        assert sorted(set(two.wakes)) == ["jobs", "journal"]
        assert len(two.wakes) < 10


@pg
async def test_wakes_come_from_any_thread(url: str) -> None:
    async with ear(make_bus(url)) as one, ear(make_bus(url)) as two:
        await asyncio.to_thread(one.bus.wake, frozenset({"timers"}))
        await until(lambda: one.wakes == two.wakes == ["timers"])


@pg
async def test_many_signals_travel_in_order_and_a_large_one_is_dropped(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with ear(make_bus(url)) as one, ear(make_bus(url)) as two:
        for n in range(300):
            one.bus.signal("chat:1", "preview", {"n": n, "text": "字" * 100})
        with caplog.at_level(logging.WARNING):
            one.bus.signal("chat:1", "preview", {"text": "字" * 4000})
        assert "too large to travel" in caplog.text
        one.bus.signal("chat:1", "end", None)
        await until(lambda: len(two.signals) == 301)
        assert [data["n"] for _, name, data in two.signals if name == "preview"] == list(range(300))
        assert len(one.signals) == 302, "in the own process it is heard"


@pg
async def test_lost_connections_are_made_anew_and_everybody_is_woken(url: str) -> None:
    async with ear(make_bus(url)) as one, ear(make_bus(url)) as two:
        one.bus.wake(frozenset({"odd"}))
        await until(lambda: two.wakes == ["odd"])
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await until(lambda: {"journal", "jobs", "timers", "odd"} <= set(one.wakes[1:]) & set(two.wakes[1:]))
        one.wakes.clear()
        two.wakes.clear()
        one.bus.wake(frozenset({"jobs"}))
        await until(lambda: two.wakes == ["jobs"])
        two.bus.signal("chat:1", "typing", 1)
        await until(lambda: one.signals == [("chat:1", "typing", 1)])


@pg
async def test_notifications_of_others_are_left_alone(url: str) -> None:
    async with ear(make_bus(url)) as one, ear(make_bus(url)) as two:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as conn:
            for payload in ("", "{}", '["x"]', "not json"):
                conn.execute("SELECT pg_notify('yingke', %s)", (payload,))
        two.bus.wake(frozenset({"jobs"}))
        await until(lambda: one.wakes == ["jobs"])


@pg
async def test_a_server_that_is_not_there_is_known_at_start() -> None:
    with pytest.raises(psycopg.OperationalError):
        await make_bus("postgresql+psycopg://u:p@127.0.0.1:1/d").start()
