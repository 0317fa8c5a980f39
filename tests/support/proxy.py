"""A TCP proxy between client and server that behaves badly on request.

It forwards bytes and knows just enough of HTTP to find a header or a frame in them. What goes wrong is a `Fault`:
it sees every piece in both directions and answers what to forward; or it cuts, holds back or freezes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

UPGRADE = re.compile(
    rb"^(Upgrade|Connection|Sec-WebSocket-[A-Za-z]+):[^\r\n]*\r\n", re.IGNORECASE | re.MULTILINE
)
EVENT_STREAM = re.compile(rb"^content-type:\s*text/event-stream", re.IGNORECASE | re.MULTILINE)


class Cut(Exception):
    """Both sides' sockets are to be reset now; the piece in hand is not forwarded."""


class Fault:
    """Forwards everything. One object serves one connection."""

    def request(self, piece: bytes) -> bytes:
        return piece

    def response(self, piece: bytes) -> bytes:
        return piece


class StripUpgrade(Fault):
    """A proxy that knows no WebSocket: the request arrives as a plain GET."""

    def request(self, piece: bytes) -> bytes:
        if b"upgrade: websocket" not in piece.lower():
            return piece
        return UPGRADE.sub(b"", piece)


class BufferEvents(StripUpgrade):
    """One that, besides, keeps an event stream back until it ends, as buffering proxies do."""

    def __init__(self) -> None:
        self._holding = False

    def response(self, piece: bytes) -> bytes:
        if EVENT_STREAM.search(piece):
            self._holding = True
        return b"" if self._holding else piece


class CutAnswer(Fault):
    """Lets a request through and resets the connection when the answer comes: done, and nobody knows.

    `asked` must be found in the request (None: any), `answered` in the answer; `times` is shared by all connections.
    """

    def __init__(self, times: list[int], answered: bytes, asked: bytes | None = None) -> None:
        self._times = times
        self._asked = re.compile(asked) if asked else None
        self._answered = re.compile(answered)
        self._armed = asked is None

    def request(self, piece: bytes) -> bytes:
        if self._asked is not None and self._asked.search(piece):
            self._armed = True
        return piece

    def response(self, piece: bytes) -> bytes:
        if self._times[0] > 0 and self._armed and self._answered.search(piece):
            self._times[0] -= 1
            raise Cut
        return piece


class Proxy:
    """Use it as `async with`; clients talk to `url`."""

    def __init__(self, port: int, fault: Callable[[], Fault] = Fault) -> None:
        self.url = ""
        self.connections = 0
        """How many were accepted so far."""
        self._target = port
        self._fault = fault
        self._open: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        await self.cut()

    def freeze(self) -> None:
        """Stops forwarding and keeps every socket open: what both sides see when a cable is pulled half-way."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def thaw_new(self) -> None:
        """Forwards connections made from now on; those frozen stay as they are."""
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def cut(self) -> None:
        """Resets every connection."""
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections += 1
        self._open.add(task)
        flowing = self._flowing
        fault = self._fault()
        back: asyncio.StreamWriter | None = None
        try:
            await flowing.wait()
            ahead, back = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, back, fault.request, flowing))
                both.create_task(_pump(ahead, writer, fault.response, flowing))
        except* (Cut, OSError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            _reset(writer)
            if back is not None:
                _reset(back)


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    through: Callable[[bytes], bytes],
    flowing: asyncio.Event,
) -> None:
    while piece := await reader.read(65536):
        await flowing.wait()
        forwarded = through(piece)
        if forwarded:
            writer.write(forwarded)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(Exception):
        writer.transport.abort()
