"""Server-sent events and long poll (docs/protocol.md 3.2 and 3.3), as raw ASGI: the same connection, carried otherwise.

Nothing is kept between two requests but the cursors the client holds, so any process may serve any of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from math import ceil
from typing import Annotated, Any
from urllib.parse import parse_qs

import msgspec

from yingke.kernel import tickets, words
from yingke.kernel.clock import monotonic
from yingke.kernel.entries import Cursor
from yingke.kernel.errors import Malformed, Problem, TooLarge, Unauthenticated
from yingke.kernel.parse import decode
from yingke.kernel.rights import Actor
from yingke.live.connection import MAX_TOPICS, Connection, Identify
from yingke.live.door import Door, Headers, Live, headers_of
from yingke.live.frames import MAX_FRAME, encode
from yingke.live.socket import Failed, Receive, Scope, Send

log = logging.getLogger(__name__)

WARM = 15.0  # seconds of silence after which a stream says that it is there

Topics = Annotated[dict[str, str | None], msgspec.Meta(min_length=1, max_length=MAX_TOPICS)]


class Poll(msgspec.Struct, frozen=True):
    topics: Topics
    token: str | None = None
    as_: str | None = msgspec.field(name="as", default=None)
    wait: Annotated[float, msgspec.Meta(ge=0, le=25)] = 25
    locale: str | None = None


class TicketWanted(msgspec.Struct, frozen=True):
    topics: Topics
    token: str | None = None
    as_: str | None = msgspec.field(name="as", default=None)


class Left(Exception):
    """The client has left."""


async def answer(live: Live, door: Door, what: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve `events`, `tickets` or `poll` of a door."""
    headers = headers_of(scope)
    locale = words.choose_locale(headers.get("accept-language"))
    started = _Started(send)
    try:
        if what == "events" and scope["method"] == "GET":
            await _events(live, door, scope, receive, started, headers, locale)
        elif what in ("tickets", "poll") and scope["method"] == "POST":
            body = await _body(receive)
            serve = _ticket if what == "tickets" else _poll
            await _respond(started, 200, await serve(live, door, body, headers, locale))
        else:
            raise _NotThisWay(scope["method"])
    except Left:
        return
    except Problem as problem:
        await _refuse(started, problem, locale)
    except Exception:
        log.exception("%s failed", scope["path"])
        if not started.begun:
            await _refuse(started, Failed(), locale)


class _NotThisWay(Malformed):
    status = 405

    def __init__(self, method: str) -> None:
        super().__init__("method_not_allowed", {"method": method})


class _Started:
    """A send that knows whether the answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.begun = True
        await self._send(message)


async def _body(receive: Receive) -> bytes:
    """The request's body.

    Raises TooLarge (`body_too_large`), Left.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Left
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > MAX_FRAME:
            raise TooLarge("body_too_large", {"limit": MAX_FRAME})
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _respond(
    send: Send,
    status: int,
    body: bytes,
    *more: tuple[bytes, bytes],
    media: bytes = b"application/json",
) -> None:
    head = [
        (b"content-type", media),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    head.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, problem: Problem, locale: str) -> None:
    more = []
    if problem.retry_after is not None:
        more.append((b"retry-after", str(ceil(problem.retry_after)).encode()))
    body = encode(words.document(problem, locale))
    await _respond(send, problem.status, body, *more, media=b"application/problem+json")


# --- tickets and server-sent events ----------------------------------------------------------------------------------


async def _ticket(live: Live, door: Door, body: bytes, headers: Headers, _: str) -> bytes:
    wanted = decode(body, TicketWanted)
    who = await door.identify(wanted.token or wanted.as_, headers)
    return encode({"ticket": await live.db.write(tickets.issue, who, dict(wanted.topics))})


async def _events(
    live: Live, door: Door, scope: Scope, receive: Receive, send: Send, headers: Headers, locale: str
) -> None:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    known_at = live.hub.position
    redeemed = await live.db.write(tickets.redeem, query.get("ticket", [""])[0])
    who = await door.of_ticket(redeemed, headers)
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    connection = _connection(live, who, known_at, locale, ended, lambda: door.of_ticket(redeemed, headers))
    gone = asyncio.create_task(_until_gone(receive))
    try:
        await live.enter(connection, door)
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream"),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        connection.greet(live.epoch)
        await _flush(connection, send, ended)
        await connection.subscribe(redeemed.topics)
        while not gone.done() and not ended.done():
            if not await _something(connection, gone, ended, WARM):
                connection.pong()
            connection.last_heard = monotonic()  # the server tells when the client is gone
            await _flush(connection, send, ended)
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        live.leave(connection)


async def _flush(connection: Connection, send: Send, ended: asyncio.Future[int]) -> None:
    """Send what waits.

    Raises Left where the stream has ended before the client took it.
    """
    frames = [] if ended.done() else connection.take()
    if frames:
        body = "".join(f"data: {text}\n\n" for text in frames).encode()
        sending = asyncio.ensure_future(send({"type": "http.response.body", "body": body, "more_body": True}))
        try:
            await asyncio.wait((sending, ended), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise Left
            sending.result()
        finally:
            sending.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _something(
    connection: Connection, gone: asyncio.Task[None] | None, ended: asyncio.Future[int], wait: float
) -> bool:
    """Wait until there is something to send or to do; False after `wait` seconds of nothing."""
    ready = asyncio.create_task(connection.ready.wait())
    waiting: set[asyncio.Future[Any]] = {ready, ended}
    if gone is not None:
        waiting.add(gone)
    try:
        done, _ = await asyncio.wait(waiting, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        ready.cancel()


# --- long poll -------------------------------------------------------------------------------------------------------


async def _poll(live: Live, door: Door, body: bytes, headers: Headers, locale: str) -> bytes:
    poll = decode(body, Poll)
    known_at = live.hub.position
    who = await door.identify(poll.token or poll.as_, headers)
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    spoken = words.choose_locale(poll.locale) if poll.locale else locale
    connection = _connection(
        live, who, known_at, spoken, ended, lambda: door.identify(poll.token or poll.as_, headers)
    )
    try:
        await live.enter(connection, door)
        connection.greet(live.epoch)
        await connection.subscribe(poll.topics)
        if connection.has_only("hello", "resumed"):
            connection.ready.clear()
            await _something(connection, None, ended, poll.wait)
        if ended.done() and ended.result() == 4401:
            raise Unauthenticated("token_unknown" if door.viewer == "visitor" else "signed_out")
        connection.pong()
        return b'{"frames":[' + ",".join(connection.take()).encode() + b"]}"
    finally:
        live.leave(connection)


def _connection(
    live: Live, who: Actor, known_at: Cursor, locale: str, ended: asyncio.Future[int], identify: Identify
) -> Connection:
    return Connection(
        live.hub,
        live.db,
        who,
        known_at=known_at,
        locale=locale,
        identify=identify,
        close=lambda code: None if ended.done() else ended.set_result(code),
    )
