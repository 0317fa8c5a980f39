"""The bus of several processes on one PostgreSQL database: LISTEN and NOTIFY on connections of its own.

NOTIFY goes out after the commit and is coalesced: inside the transactions it cost a third of them. The own process is
told directly, and knows its own notifications by the sender's name in them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from sqlalchemy import make_url

from yingke.kernel.bus import MemoryBus

log = logging.getLogger(__name__)

CHANNEL = "yingke"
WINDOW = 0.002  # seconds within which wake-ups become one
MAX_BYTES = 7900  # of a notification: PostgreSQL takes less than 8000
MAX_PENDING = 2000  # signals kept for the next flush
MAX_BACKOFF = 10.0  # seconds between attempts to connect
EVERYBODY = ("journal", "jobs", "timers")

Signal = tuple[str, str, Any]  # topic, name, data


class Note(msgspec.Struct, array_like=True):
    """What travels: who sent it, the how manieth of its sender, names to wake, signals."""

    sender: str
    no: int
    wakes: list[str]
    signals: list[msgspec.Raw]


_encoder = msgspec.json.Encoder()
_decode_note = msgspec.json.Decoder(Note).decode
_decode_signal = msgspec.json.Decoder(Signal).decode


class PostgresqlBus(MemoryBus):
    """url: a SQLAlchemy address."""

    def __init__(self, url: str) -> None:
        super().__init__()
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        # A connection that hangs half open is known within half a minute.
        self._address = psycopg.conninfo.make_conninfo(
            plain,
            connect_timeout=10,
            keepalives=1,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=20000,
        )
        self._sender = secrets.token_hex(6)
        self._no = 0
        self._guard = threading.Lock()
        self._wakes: set[str] = set()
        self._known = set(EVERYBODY)  # whom to wake after a silence
        self._signals: deque[bytes] = deque(maxlen=MAX_PENDING)
        self._pending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Raises psycopg.OperationalError where the server is not reached."""
        await super().start()
        listener = await self._listening()
        self._tasks = [
            asyncio.create_task(self._listen(listener), name="bus listen"),
            asyncio.create_task(self._send(), name="bus send"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await super().stop()

    def wake(self, names: frozenset[str]) -> None:
        """May be called from any thread."""
        super().wake(names)
        with self._guard:
            asked = bool(self._wakes)
            self._wakes |= names
            self._known |= names
            loop = self._loop
        if not asked and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._pending.set)

    def signal(self, topic: str, name: str, data: Any) -> None:
        """To be called on the event loop."""
        super().signal(topic, name, data)
        body = _encoder.encode((topic, name, data))
        if len(body) > MAX_BYTES - 500:
            log.warning("a signal %s of %d bytes is too large to travel", name, len(body))
            return
        self._signals.append(body)
        self._pending.set()

    async def _send(self) -> None:
        conn: psycopg.AsyncConnection[Any] | None = None
        failures = 0
        try:
            while True:
                await self._pending.wait()
                await asyncio.sleep(WINDOW)
                self._pending.clear()
                with self._guard:
                    wakes, self._wakes = self._wakes, set()
                payloads = [_encoder.encode(note).decode() for note in self._notes(sorted(wakes))]
                try:
                    if conn is None:
                        conn = await psycopg.AsyncConnection.connect(self._address, autocommit=True)
                    await conn.execute(
                        "SELECT pg_notify(%s, note) FROM unnest(%s::text[]) note", (CHANNEL, payloads)
                    )
                    failures = 0
                except (psycopg.Error, OSError) as error:
                    failures += 1
                    log.warning("the bus cannot send: %s", error)
                    await self._give_up(conn, failures)
                    conn = None
                    with self._guard:
                        self._wakes |= wakes
                    self._pending.set()
        finally:
            if conn is not None:
                await conn.close()

    def _notes(self, wakes: list[str]) -> Iterator[Note]:
        """What is waiting, in as few notes as it fits into."""
        left = MAX_BYTES - 500
        signals: list[msgspec.Raw] = []
        while self._signals:
            body = self._signals.popleft()
            if len(body) > left:
                yield self._note([], signals)
                signals, left = [], MAX_BYTES - 500
            signals.append(msgspec.Raw(body))
            left -= len(body) + 1
        yield self._note(wakes, signals)

    def _note(self, wakes: list[str], signals: list[msgspec.Raw]) -> Note:
        self._no += 1  # PostgreSQL drops a repeated text of one transaction
        return Note(self._sender, self._no, wakes, signals)

    async def _listening(self) -> psycopg.AsyncConnection[Any]:
        conn = await psycopg.AsyncConnection.connect(self._address, autocommit=True)
        await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        return conn

    async def _listen(self, conn: psycopg.AsyncConnection[Any] | None) -> None:
        failures = 0
        try:
            while True:
                try:
                    if conn is None:
                        conn = await self._listening()
                        self._hear_wakes(self._known)  # whatever was said meanwhile
                    failures = 0
                    async for notify in conn.notifies():
                        self._hear(notify.payload)
                except (psycopg.Error, OSError) as error:
                    failures += 1
                    log.warning("the bus cannot hear: %s", error)
                    await self._give_up(conn, failures)
                    conn = None
        finally:
            if conn is not None:
                await conn.close()

    async def _give_up(self, conn: psycopg.AsyncConnection[Any] | None, failures: int) -> None:
        if conn is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await conn.close()
        await asyncio.sleep(min(MAX_BACKOFF, 0.1 * 2 ** min(failures, 10)))

    def _hear(self, payload: str) -> None:
        try:
            note = _decode_note(payload)
            signals = [_decode_signal(raw) for raw in note.signals]
        except msgspec.DecodeError:
            log.warning("a notification of another version was dropped")
            return
        if note.sender == self._sender:
            return
        self._hear_wakes(note.wakes)
        for topic, name, data in signals:
            super().signal(topic, name, data)

    def _hear_wakes(self, names: Iterable[str]) -> None:
        heard = frozenset(names)
        with self._guard:
            self._known |= heard
        self.wake_here(heard)
