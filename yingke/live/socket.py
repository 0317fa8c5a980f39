"""The WebSocket (docs/protocol.md 3.1), as raw ASGI."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from yingke.kernel import commands, words
from yingke.kernel.clock import monotonic
from yingke.kernel.errors import Forbidden, Malformed, Problem, Unauthenticated
from yingke.kernel.secure import TokenBucket
from yingke.live.connection import Connection
from yingke.live.door import Door, Live, headers_of
from yingke.live.frames import CommandFrame, Hello, Ping, Subscribe, Unsubscribe, decoder

log = logging.getLogger(__name__)

HELLO_WITHIN = 10.0  # seconds

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _Gone(Exception):
    """The client has left."""


class _Close(Exception):
    """End the socket with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


async def serve(live: Live, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
    """One socket from its opening to its end."""
    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})  # a close code can only be told once it is open
    try:
        await _talk(live, door, scope, receive, send)
    except _Gone:
        return
    except _Close as close:
        await _end(send, close.code)
    except Exception:
        log.exception("a socket failed")
        await _end(send, 1011)


async def _end(send: Send, code: int) -> None:
    try:
        await send({"type": "websocket.close", "code": code})
    except Exception:
        log.debug("the socket was closed already", exc_info=True)


async def _talk(live: Live, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
    headers = headers_of(scope)
    try:
        async with asyncio.timeout(HELLO_WITHIN):
            hello = await _next(receive)
    except TimeoutError:
        raise _Close(4408) from None
    if not isinstance(hello, Hello) or hello.v != 1:
        raise _Close(4400)
    known_at = live.hub.position
    try:
        who = await door.identify(hello.proof, headers)
    except Unauthenticated:
        raise _Close(4401) from None
    except Forbidden:
        raise _Close(4403) from None
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    connection = Connection(
        live.hub,
        live.db,
        who,
        known_at=known_at,
        locale=words.choose_locale(hello.locale or headers.get("accept-language")),
        identify=lambda: door.identify(hello.proof, headers),
        close=lambda code: None if ended.done() else ended.set_result(code),
    )
    carrying: list[asyncio.Future[Any]] = []
    try:
        await live.enter(connection, door)
        connection.greet(live.epoch)
        carrying += (
            asyncio.create_task(_read(live, connection, receive)),
            asyncio.create_task(_write(connection, send)),
        )
        await asyncio.wait((*carrying, ended), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise _Close(ended.result())
        for task in carrying:
            if task.done():
                task.result()
    finally:
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
        live.leave(connection)


async def _next(receive: Receive) -> Any:
    """The client's next frame. Raises _Gone, _Close."""
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise _Gone
    text = message.get("text")
    if text is None:
        raise _Close(4400)
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _Close(4400) from None


async def _write(connection: Connection, send: Send) -> None:
    while True:
        await connection.ready.wait()
        for text in connection.take():
            try:
                await send({"type": "websocket.send", "text": text})
            except Exception as error:  # whatever the server calls a socket that is gone
                raise _Gone from error


async def _read(live: Live, connection: Connection, receive: Receive) -> None:
    flood = TokenBucket(live.frames_per_second, 4 * live.frames_per_second)
    while True:
        one = await _next(receive)
        connection.last_heard = monotonic()
        if flood.take():
            raise _Close(4429)
        if isinstance(one, CommandFrame):
            await _command(live, connection, one)
        elif isinstance(one, Ping):
            connection.pong()
        elif isinstance(one, Subscribe):
            await connection.subscribe(one.topics)
        elif isinstance(one, Unsubscribe):
            connection.unsubscribe(one.topics)
        else:
            raise _Close(4400)  # a second hello


async def _command(live: Live, connection: Connection, one: CommandFrame) -> None:
    try:
        who = await connection.identified()
        answer = await commands.run(live.services, who, one.do, one.id, one.args)
    except Problem as problem:
        connection.refuse("nack", problem, id=one.id[:64])
    except Exception:
        log.exception("command %s failed", one.do[:100])
        connection.refuse("nack", Failed(), id=one.id[:64])
    else:
        connection.send_frame("ack", id=one.id, answer=answer)


class Failed(Malformed):
    """500: a fault of ours; not known whether it was done."""

    status = 500

    def __init__(self) -> None:
        super().__init__("internal", retry_after=1.0)
