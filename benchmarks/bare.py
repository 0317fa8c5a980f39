"""The yardsticks: the least that keeps a chat message, behind the same uvicorn.

JSON in, one INSERT that refuses duplicates and gives the number in the conversation, group commit, the ack, and a push
to a second connection. No rights, no journal, no conversation's state. Run as a process:
`python -m benchmarks.bare PORT DATABASE`, where DATABASE is a file for SQLite or an address for PostgreSQL.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import asyncpg  # type: ignore[import-untyped]
import msgspec
import uvicorn

MOST = 512  # messages in one group

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Args(msgspec.Struct, frozen=True):
    text: str


class Command(msgspec.Struct, frozen=True, tag_field="t", tag="command"):
    id: str
    do: str
    args: Args


class Hello(msgspec.Struct, frozen=True, tag_field="t", tag="hello"):
    """speaks: as whom; hears: whose messages."""

    speaks: int | None = None
    hears: list[int] = []


class Said(msgspec.Struct):
    conversation: int
    id: str
    text: str
    at: int
    kept: asyncio.Future[int]


class Ack(msgspec.Struct, tag_field="t", tag="ack"):
    id: str
    seq: int
    at: int


class Pushed(msgspec.Struct, tag_field="t", tag="push"):
    conversation: int
    seq: int
    at: int
    id: str
    text: str


_decoder: msgspec.json.Decoder[Command | Hello] = msgspec.json.Decoder(Command | Hello)
_encoder = msgspec.json.Encoder()


class Store(Protocol):
    async def start(self) -> None: ...

    def keep(self, said: Said) -> None: ...


class Sqlite:
    """One writer thread: takes all that waits, one statement for each message, one commit, then all answers."""

    _INSERT = (
        "INSERT INTO message (conversation, seq, id, at, text) VALUES (?1,"
        " (SELECT coalesce(max(seq), 0) + 1 FROM message WHERE conversation = ?1), ?2, ?3, ?4)"
        " ON CONFLICT (conversation, id) DO NOTHING RETURNING seq"
    )

    def __init__(self, path: str) -> None:
        self._path = path
        self._waiting: queue.SimpleQueue[Said] = queue.SimpleQueue()

    async def start(self) -> None:
        threading.Thread(target=self._write, args=(asyncio.get_running_loop(),), daemon=True).start()

    def keep(self, said: Said) -> None:
        self._waiting.put(said)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        file = sqlite3.connect(self._path, isolation_level=None)
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=FULL")
        file.execute(
            "CREATE TABLE message (conversation INTEGER, seq INTEGER, id TEXT, at INTEGER, text TEXT,"
            " PRIMARY KEY (conversation, seq), UNIQUE (conversation, id))"
        )
        while True:
            group = [self._waiting.get()]
            while len(group) < MOST and not self._waiting.empty():
                group.append(self._waiting.get())
            file.execute("BEGIN IMMEDIATE")
            numbers = [
                (file.execute(self._INSERT, (one.conversation, one.id, one.at, one.text)).fetchone() or (0,))[
                    0
                ]
                for one in group
            ]
            file.execute("COMMIT")
            loop.call_soon_threadsafe(_answer, group, numbers)


class Postgresql:
    """One connection of asyncpg: takes all that waits, one statement for the group."""

    _INSERT = (
        "INSERT INTO message (conversation, seq, id, at, text)"
        " SELECT n.conversation, coalesce((SELECT max(seq) FROM message m WHERE m.conversation = n.conversation), 0)"
        " + row_number() OVER (PARTITION BY n.conversation ORDER BY n.place), n.id, n.at, n.text"
        " FROM unnest($1::int[], $2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY"
        " AS n(conversation, id, at, text, place)"
        " WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = n.conversation AND m.id = n.id)"
        " RETURNING conversation, id, seq"
    )

    def __init__(self, address: str) -> None:
        self._address = address
        self._waiting: list[Said] = []
        self._more = asyncio.Event()

    async def start(self) -> None:
        self._connection: Any = await asyncpg.connect(self._address)
        await self._connection.execute(
            "CREATE TABLE message (conversation int, seq bigint, id text, at bigint, text text,"
            " PRIMARY KEY (conversation, seq), UNIQUE (conversation, id))"
        )
        self._task = asyncio.create_task(self._write())

    def keep(self, said: Said) -> None:
        self._waiting.append(said)
        self._more.set()

    async def _write(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while group := self._waiting[:MOST]:
                del self._waiting[:MOST]
                once = {(one.conversation, one.id): one for one in group}.values()
                rows = await self._connection.fetch(
                    self._INSERT,
                    [one.conversation for one in once],
                    [one.id for one in once],
                    [one.at for one in once],
                    [one.text for one in once],
                )
                kept = {(row[0], row[1]): row[2] for row in rows}
                _answer(group, [kept.get((one.conversation, one.id), 0) for one in group])


def _answer(group: list[Said], numbers: list[int]) -> None:
    for one, seq in zip(group, numbers, strict=True):
        if not one.kept.done():
            one.kept.set_result(seq)


class App:
    """The ASGI application: a first frame says who one is, then commands come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ears: dict[int, Send] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"ok"})
        else:
            await self._talk(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._store.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _talk(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        speaks = 0
        loop = asyncio.get_running_loop()
        while (message := await receive())["type"] == "websocket.receive":
            one = _decoder.decode(message["text"])
            if isinstance(one, Hello):
                speaks = one.speaks or 0
                self._ears.update(dict.fromkeys(one.hears, send))
                await send({"type": "websocket.send", "text": '{"t":"hello"}'})
                continue
            said = Said(speaks, one.id, one.args.text, time.time_ns() // 1000, loop.create_future())
            self._store.keep(said)
            seq = await said.kept
            await send(
                {"type": "websocket.send", "text": _encoder.encode(Ack(one.id, seq, said.at)).decode()}
            )
            ear = self._ears.get(speaks)
            if ear is not None:
                pushed = Pushed(speaks, seq, said.at, one.id, said.text)
                await ear({"type": "websocket.send", "text": _encoder.encode(pushed).decode()})


def main(port: int, database: str) -> None:
    store: Store = Postgresql(database) if database.startswith("postgresql") else Sqlite(database)
    uvicorn.run(
        App(store),
        port=port,
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
