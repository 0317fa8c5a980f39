"""A WebSocket client that costs next to nothing, so that the load generator is not what is measured.

It knows only what the benchmarks need: text frames, pings, one fragment. Client frames are masked, as they must be,
with a mask of zeros, which leaves the bytes as they are.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable, Mapping
from typing import cast

import msgspec

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
_MASK = b"\0\0\0\0"
_encoder = msgspec.json.Encoder()


class Closed(Exception):
    """The server has ended the socket."""


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, 0x80 | size)) + _MASK + payload
    if size < 65536:
        return bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big") + _MASK + payload
    return bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big") + _MASK + payload


class Socket(asyncio.Protocol):
    """heard: called with each text frame's bytes."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self.heard = heard
        self.failed: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(
        cls, port: int, path: str, heard: Callable[[bytes], None], headers: Mapping[str, str] | None = None
    ) -> Socket:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: cls(heard), "127.0.0.1", port
        )
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        protocol.write("\r\n".join([*lines, "", ""]).encode())
        await protocol._opened
        return protocol

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def say(self, value: object) -> None:
        self.write(frame(TEXT, _encoder.encode(value)))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.failed = self.failed or error or Closed("the connection ended")
        if not self._opened.done():
            self._opened.set_exception(self.failed)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        at = 0
        if not self._opened.done():
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = buffer
                return
            if b" 101 " not in buffer[:20]:
                self._opened.set_exception(Closed(buffer[:200].decode("latin-1")))
                return
            self._opened.set_result(None)
            at = end + 4
        size = len(buffer)
        while size - at >= 2:
            length = buffer[at + 1]
            start = at + 2
            if length == 126:
                start = at + 4
                length = int.from_bytes(buffer[at + 2 : start], "big")
            elif length == 127:
                start = at + 10
                length = int.from_bytes(buffer[at + 2 : start], "big")
            if start > size or start + length > size:
                break
            opcode = buffer[at] & 15
            at = start + length
            if opcode == TEXT:
                self.heard(buffer[start:at])
            elif opcode == PING:
                self.write(frame(PONG, buffer[start:at]))
            elif opcode == CLOSE:
                code = int.from_bytes(buffer[start : start + 2], "big")
                self.failed = Closed(f"close code {code}")
        self._buffer = buffer[at:]
