"""The other end of what carries a connection: sockets, streams and requests, spoken to as the server of ASGI does."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import msgspec

from tests.live.hall import PATIENCE, Hall, kinds
from yingke.kernel.rights import Actor
from yingke.live import asgi
from yingke.live.socket import Scope


def scope(kind: str, path: str, *, method: str = "GET", query: str = "", **headers: str) -> Scope:
    return {
        "type": kind,
        "path": path,
        "method": method,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()],
    }


async def _elsewhere(scope: Scope, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"the rest"})


class Carried:
    """Runs the application for one scope. What it sends can be held back, as a slow client does."""

    def __init__(self, hall: Hall, asked: Scope) -> None:
        self.sent: list[MutableMapping[str, Any]] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self._something = asyncio.Event()
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        app = asgi.mount(hall.live, _elsewhere)
        self.task = asyncio.ensure_future(app(asked, self._incoming.get, self._send))

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.takes.wait()
        self.sent.append(message)
        self._something.set()

    def give(self, **message: Any) -> None:
        self._incoming.put_nowait(message)

    async def until(self, *types: str) -> MutableMapping[str, Any]:
        """Wait for the next message of one of these types; earlier ones are passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self.sent:
                    message = self.sent.pop(0)
                    if message["type"] in types:
                        return message
                self._something.clear()
                await self._something.wait()

    async def end(self) -> None:
        """Wait until the application has let go."""
        async with asyncio.timeout(PATIENCE):
            await self.task


class Socket(Carried):
    def __init__(self, hall: Hall, path: str = "/live", **headers: str) -> None:
        super().__init__(hall, scope("websocket", path, **headers))
        self.frames: list[dict[str, Any]] = []
        self.give(type="websocket.connect")

    def say(self, t: str, **fields: Any) -> None:
        self.give(type="websocket.receive", text=msgspec.json.encode({"t": t, **fields}).decode())

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        message = await self.until("websocket.send", "websocket.close")
        assert message["type"] == "websocket.send", f"closed with {message['code']}"
        frame: dict[str, Any] = msgspec.json.decode(message["text"])
        self.frames.append(frame)
        return frame

    async def closed(self) -> int:
        """The code it is closed with; frames before it are kept."""
        while True:
            message = await self.until("websocket.send", "websocket.close")
            if message["type"] == "websocket.close":
                await self.end()
                return int(message["code"])
            self.frames.append(msgspec.json.decode(message["text"]))

    def leave(self) -> None:
        self.give(type="websocket.disconnect", code=1001)


async def open_socket(hall: Hall, who: Actor, *topics: str, path: str | None = None) -> Socket:
    """A socket that has said hello and subscribed."""
    hall.knows(who)
    socket = Socket(hall, path or ("/w/v1/live" if who.kind == "visitor" else "/live"))
    socket.say("hello", v=1, token=who.key)
    assert (await socket.hear())["t"] == "hello"
    if topics:
        socket.say("subscribe", topics=dict.fromkeys(topics))
        for _ in topics:
            assert (await socket.hear())["t"] == "snapshot"
    return socket


class Stream(Carried):
    """An event stream."""

    def __init__(self, hall: Hall, ticket: str, path: str = "/live/events") -> None:
        super().__init__(hall, scope("http", path, query=f"ticket={ticket}"))
        self._text = ""

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        while "\n\n" not in self._text:
            self._text += (await self.until("http.response.body"))["body"].decode()
        event, _, self._text = self._text.partition("\n\n")
        assert event.startswith("data: ")
        frame: dict[str, Any] = msgspec.json.decode(event.removeprefix("data: "))
        return frame

    def leave(self) -> None:
        self.give(type="http.disconnect")


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def kinds(self) -> list[str]:
        return kinds(self.json["frames"])


async def ask(hall: Hall, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """One request and its answer; a body that is no bytes is sent as JSON."""
    path, _, query = path.partition("?")
    carried = Carried(hall, scope("http", path, method=method, query=query, **headers))
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    middle = len(raw) // 2
    carried.give(type="http.request", body=raw[:middle], more_body=True)
    carried.give(type="http.request", body=raw[middle:], more_body=False)
    started = await carried.until("http.response.start")
    headers = {name.decode(): text.decode() for name, text in started["headers"]}
    answer = Answer(started["status"], headers, (await carried.until("http.response.body"))["body"])
    await carried.end()
    return answer
