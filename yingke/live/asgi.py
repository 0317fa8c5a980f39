"""Which live address is which: in front of the HTTP application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from yingke.live import socket, streams
from yingke.live.door import Live
from yingke.live.socket import Receive, Scope, Send

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


def mount(live: Live, rest: Asgi) -> Asgi:
    """Sockets and streams go to `live`, everything else to `rest`."""
    sockets = {door.socket: door for door in live.doors}
    others = {
        f"{door.prefix}/{what}": (door, what) for door in live.doors for what in ("events", "tickets", "poll")
    }

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            door = sockets.get(scope["path"])
            if door is not None:
                await socket.serve(live, door, scope, receive, send)
                return
            await receive()
            await send({"type": "websocket.close", "code": 4404})
            return
        if scope["type"] == "http" and (found := others.get(scope["path"])):
            await streams.answer(live, *found, scope, receive, send)
            return
        await rest(scope, receive, send)

    return app
