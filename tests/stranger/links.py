"""One live connection in each of the three transports (3). To the client they differ in two things only: whether
commands can go over it, and whether its topics can change while it is open.

Each link checks the frame counter itself and raises LinkLost when it cannot be trusted any more.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

from tests.stranger.door import Door, answer_of
from tests.stranger.wire import Counter, Json, LinkLost, NotKnown, Refused, Stopped

Topics = Callable[[], dict[str, str | None]]
"""The topics wanted now and the cursor held for each."""


class Unanswered(LinkLost):
    """The server did not answer plain HTTP either: no fault of the transport."""


class NoHello(LinkLost):
    """It opened, and said nothing: something on the way swallows this transport."""


class Link(ABC):
    name: str
    speaks = False
    """Commands, pings and changes of topics can go over it."""

    @abstractmethod
    async def next(self) -> Json:
        """The next frame."""

    async def say(self, frame: Json) -> None:
        raise NotImplementedError

    @abstractmethod
    async def close(self) -> None: ...


class Socket(Link):
    name = "websocket"
    speaks = True

    def __init__(self, connection: ClientConnection, door: Door) -> None:
        self._connection = connection
        self._timing = door.timing
        self._counter = Counter()
        self._now = asyncio.get_running_loop().time
        self._heard = self._now()
        self._asked: float | None = None
        self._ping = 25.0
        self._next_ping = self._now() + self._ping

    @classmethod
    async def open(cls, door: Door) -> Socket:
        try:
            connection = await websockets.connect(
                door.socket_address(),
                origin=websockets.Origin(door.origin) if door.origin else None,
                additional_headers=door.socket_headers(),
                compression=None,
                proxy=None,
                ping_interval=None,  # liveness is the protocol's own ping (3.1)
                max_size=None,
                open_timeout=door.timing.hello,
                close_timeout=1,
            )
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise LinkLost(f"did not open: {type(error).__name__} {error}") from error
        link = cls(connection, door)
        try:
            await link._greet(door)
        except BaseException:
            await link.close()
            raise
        return link

    async def _greet(self, door: Door) -> None:
        hello: Json = {"t": "hello", "v": 1, **door.proof()}
        if door.locale:
            hello["locale"] = door.locale
        await self.say(hello)
        try:
            async with asyncio.timeout(self._timing.hello):
                frame = await self._receive()
        except TimeoutError as late:
            raise NoHello("no hello") from late
        if frame.get("t") != "hello":
            raise LinkLost(f"the first frame was {frame.get('t')}, not hello")
        self._ping = self._timing.ping or float(frame["ping"])
        self._next_ping = self._now() + self._ping

    async def next(self) -> Json:
        while True:
            await self._liveness()
            due = (
                self._next_ping
                if self._asked is None
                else min(self._next_ping, self._asked + self._timing.pong)
            )
            try:
                async with asyncio.timeout(max(0.0, due - self._now())):
                    return await self._receive()
            except TimeoutError:
                continue

    async def _liveness(self) -> None:
        """Ping when it is time; nothing at all within 10 s of a ping is death."""
        now = self._now()
        if self._asked is not None and self._heard >= self._asked:
            self._asked = None
        if self._asked is not None and now >= self._asked + self._timing.pong:
            raise LinkLost(f"silent for {now - self._heard:.1f} s after a ping")
        if now >= self._next_ping:
            await self.probe()

    async def probe(self) -> None:
        self._next_ping = self._now() + self._ping
        if self._asked is None:
            self._asked = self._now()
        await self.say({"t": "ping"})

    def silent_for(self) -> float:
        return self._now() - self._heard

    async def _receive(self) -> Json:
        try:
            text = await self._connection.recv()
        except websockets.ConnectionClosed as closed:
            raise _lost(closed) from closed
        self._heard = self._now()
        frame: Json = json.loads(text)
        self._counter.check(frame)
        return frame

    async def say(self, frame: Json) -> None:
        """UTF-8 as it is, without escapes: 10,000 characters then fit into a frame."""
        try:
            async with asyncio.timeout(self._timing.pong):
                await self._connection.send(json.dumps(frame, ensure_ascii=False))
        except websockets.ConnectionClosed as closed:
            raise _lost(closed) from closed
        except TimeoutError as stuck:
            raise LinkLost("the other side takes nothing") from stuck

    async def close(self) -> None:
        with suppress(Exception):
            await self._connection.close()


def _lost(closed: websockets.ConnectionClosed) -> LinkLost:
    received = closed.rcvd
    return LinkLost(received.reason if received else "cut", received.code if received else 1006)


class Events(Link):
    """Server-sent events: the topics are fixed by the ticket, commands go over HTTP (3.2)."""

    name = "sse"

    def __init__(self, response: httpx.Response, door: Door) -> None:
        self._response = response
        self._lines: AsyncIterator[str] = response.aiter_lines()
        self._counter = Counter()
        self._timing = door.timing

    @classmethod
    async def open(cls, door: Door, topics: Topics) -> Events:
        try:
            answer = await door.post(door.tickets_path, {**door.proof(), "topics": topics()})
        except NotKnown as reason:
            raise Unanswered(f"no ticket: {reason}") from reason
        request = door.http.build_request(
            "GET",
            door.events_path,
            params={"ticket": answer["ticket"]},
            headers={"Accept": "text/event-stream"},
            timeout=httpx.Timeout(door.timing.answer, read=door.timing.silence),
        )
        response: httpx.Response | None = None
        try:
            async with asyncio.timeout(door.timing.hello_sse):
                response = await door.http.send(request, stream=True)
                link = await cls._greeted(response, door)
        except BaseException as error:
            if response is not None:
                await response.aclose()
            match error:
                case TimeoutError():
                    raise NoHello("no hello") from error
                case httpx.TransportError():
                    raise LinkLost(f"did not open: {type(error).__name__}") from error
                case NotKnown():
                    raise Unanswered(f"no events: {error}") from error
                case Refused(code="ticket_unknown"):
                    raise LinkLost("the ticket was too old") from error
            raise
        return link

    @classmethod
    async def _greeted(cls, response: httpx.Response, door: Door) -> Events:
        if response.status_code != 200:
            await response.aread()
            answer_of(response)
            raise LinkLost(f"events answered {response.status_code}")
        link = cls(response, door)
        frame = await link.next()
        if frame.get("t") != "hello":
            raise LinkLost(f"the first frame was {frame.get('t')}, not hello")
        return link

    async def next(self) -> Json:
        data: list[str] = []
        try:
            async for line in self._lines:
                if line.startswith("data:"):
                    data.append(line[5:].removeprefix(" "))
                elif line == "" and data:
                    frame: Json = json.loads("\n".join(data))
                    self._counter.check(frame)
                    return frame
        except httpx.ReadTimeout as silent:
            raise LinkLost(f"silent for {self._timing.silence:g} s") from silent
        except httpx.TransportError as error:
            raise LinkLost(f"cut: {type(error).__name__}") from error
        raise LinkLost("the stream ended")

    async def close(self) -> None:
        with suppress(Exception):
            await self._response.aclose()


class Poll(Link):
    """Long poll: each answer is a connection of its own to the counter (3.3)."""

    name = "poll"

    def __init__(self, door: Door, topics: Topics) -> None:
        self._door = door
        self._topics = topics
        self._frames: deque[Json] = deque()
        self._wait = 0.0
        """The first poll asks for what is there; so it also shows at once whether polling works."""

    @classmethod
    async def open(cls, door: Door, topics: Topics) -> Poll:
        link = cls(door, topics)
        await link._ask()
        return link

    async def next(self) -> Json:
        while not self._frames:
            await self._ask()
        return self._frames.popleft()

    async def _ask(self) -> None:
        wait, self._wait = self._wait, self._door.timing.poll
        body = {**self._door.proof(), "topics": self._topics(), "wait": wait}
        try:
            answer = await self._door.post(self._door.poll_path, body, timeout=wait + self._door.timing.pong)
        except NotKnown as reason:
            raise Unanswered(f"poll: {reason}") from reason
        counter = Counter()
        for frame in answer["frames"]:
            counter.check(frame)
            self._frames.append(frame)

    async def close(self) -> None:
        """Nothing is open between two polls; one under way is dropped with the task that waits for it."""


def stop_code(lost: LinkLost) -> Stopped | None:
    """Close codes after which not to come back (7)."""
    if lost.code == 4403:
        return Stopped("this Origin may not")
    if lost.code == 4409:
        return Stopped("more than 10 connections: stopped until used again")
    return None
