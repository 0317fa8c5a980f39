"""Wake-ups and short-lived signals. Never the truth: whoever misses one finds the fact in the database.

`wake(name)` says that there is something to do (`journal`, `jobs`, `timers`). `signal(topic, name, data)` is shown to
whoever listens to the topic now and kept nowhere: typing, for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import make_url

WakeListener = Callable[[str], None]
SignalListener = Callable[[str, str, Any], None]


class Bus(Protocol):
    """Callbacks are called on the event loop of the process that listens."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def wake(self, names: frozenset[str]) -> None: ...

    def signal(self, topic: str, name: str, data: Any) -> None: ...

    def on_wake(self, listener: WakeListener) -> None: ...

    def on_signal(self, listener: SignalListener) -> None: ...


class MemoryBus:
    """For one process."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake_listeners: list[WakeListener] = []
        self._signal_listeners: list[SignalListener] = []

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        self._loop = None

    def wake(self, names: frozenset[str]) -> None:
        """May be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.wake_here, names)

    def wake_here(self, names: frozenset[str]) -> None:
        for name in names:
            for listener in self._wake_listeners:
                listener(name)

    def signal(self, topic: str, name: str, data: Any) -> None:
        """To be called on the event loop."""
        for listener in self._signal_listeners:
            listener(topic, name, data)

    def on_wake(self, listener: WakeListener) -> None:
        self._wake_listeners.append(listener)

    def on_signal(self, listener: SignalListener) -> None:
        self._signal_listeners.append(listener)


def make_bus(database_url: str) -> Bus:
    """The bus that goes with a database: PostgreSQL has one between processes, a SQLite file is of one process."""
    if make_url(database_url).get_backend_name() != "postgresql":
        return MemoryBus()
    from yingke.kernel.pgbus import PostgresqlBus  # house: allow inner-import because psycopg is optional

    return PostgresqlBus(database_url)
