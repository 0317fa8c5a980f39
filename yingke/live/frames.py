"""Frames: what travels between a client and its connection (docs/protocol.md 3 and 4)."""

from __future__ import annotations

from typing import Any

import msgspec

MAX_FRAME = 65_536  # bytes from a client
PING_EVERY = 25  # seconds, told to clients


class Hello(msgspec.Struct, frozen=True, tag_field="t", tag="hello"):
    v: int
    token: str | None = None
    as_: str | None = msgspec.field(name="as", default=None)
    locale: str | None = None

    @property
    def proof(self) -> str | None:
        """What a visitor proves itself with, or whom a member of staff takes itself for."""
        return self.token or self.as_


class Subscribe(msgspec.Struct, frozen=True, tag_field="t", tag="subscribe"):
    topics: dict[str, str | None]


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="t", tag="unsubscribe"):
    topics: list[str]


class CommandFrame(msgspec.Struct, frozen=True, tag_field="t", tag="command"):
    id: str
    do: str
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Ping(msgspec.Struct, frozen=True, tag_field="t", tag="ping"):
    pass


ClientFrame = Hello | Subscribe | Unsubscribe | CommandFrame | Ping

decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_encoder = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    return _encoder.encode(value)


def frame(t: str, n: int, **fields: Any) -> str:
    """A frame of the server."""
    return _encoder.encode({"t": t, "n": n, **fields}).decode()


def change_frame(n: int, topic: bytes, cursor: str, changes: list[bytes]) -> str:
    """Changes that were written as JSON long before: joined, not encoded again."""
    joined = b"[" + b",".join(raw[1:-1] for raw in changes) + b"]"
    head = b'{"t":"change","n":%d,"topic":%b,"cursor":"%b","changes":' % (n, topic, cursor.encode())
    return (head + joined + b"}").decode()
