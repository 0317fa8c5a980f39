"""The doors: how each kind of viewer says who it is, and who hears that it is there. Made by `app`."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from yingke.kernel.clock import monotonic
from yingke.kernel.entries import CursorCodec
from yingke.kernel.rights import Actor
from yingke.kernel.services import Services
from yingke.kernel.tickets import Redeemed
from yingke.kernel.topics import Viewer
from yingke.live.connection import Connection
from yingke.live.hub import Hub

log = logging.getLogger(__name__)

EXTEND_EVERY = 20.0  # seconds
SILENT = 60.0  # seconds without a sign of life after which a socket is given up
TOLD_LATELY = 15.0  # seconds within which an arrival is not told again

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Door:
    """identify: proof and headers → who it is now; the proof is a visitor's token, or whom staff take themselves for.
    Raises Unauthenticated, Forbidden.
    of_ticket: the same for a stream opened with a ticket.
    arrived, there: called when one comes, and every 20 s for all that are there (inner ids).
    most: connections one actor may hold; the oldest goes.
    """

    viewer: Viewer
    prefix: str
    socket: str
    most: int
    identify: Callable[[str | None, Headers], Awaitable[Actor]]
    of_ticket: Callable[[Redeemed, Headers], Awaitable[Actor]]
    arrived: Callable[[int], Awaitable[None]]
    there: Callable[[Sequence[int]], Awaitable[None]]


class Live:
    """What every transport of a process shares."""

    def __init__(
        self,
        services: Services,
        codec: CursorCodec,
        epoch: str,
        doors: Sequence[Door],
        *,
        frames_per_second: float,
    ) -> None:
        self.services = services
        self.db = services.db
        self.epoch = epoch
        self.hub = Hub(services.db, services.bus, codec)
        self.doors = tuple(doors)
        self.frames_per_second = frames_per_second
        self.stopping = asyncio.Event()
        self._open: dict[str, dict[Connection, Door]] = {}
        self._told: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.hub.start()
        self._task = asyncio.create_task(self._roll_call(), name="presence")

    async def stop(self) -> None:
        """End every stream; those who listen come back to whoever serves next."""
        self.stopping.set()
        for connections in tuple(self._open.values()):
            for connection in tuple(connections):
                connection.shut(1012)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.hub.stop()

    async def enter(self, connection: Connection, door: Door) -> None:
        """Count it in, send off the oldest of too many, and tell that this one is here."""
        tag = connection.who.tag
        mine = self._open.setdefault(tag, {})
        mine[connection] = door
        if self.stopping.is_set():
            connection.shut(1012)
            return
        for oldest in tuple(mine)[: -door.most]:
            oldest.shut(4409)
        now = monotonic()
        if now - self._told.get(tag, -TOLD_LATELY) >= TOLD_LATELY:
            self._told[tag] = now
            try:
                await door.arrived(connection.who.id)
            except BaseException:
                self._told.pop(tag, None)
                raise

    def leave(self, connection: Connection) -> None:
        connection.leave()
        mine = self._open.get(connection.who.tag)
        if mine is not None:
            mine.pop(connection, None)
            if not mine:
                del self._open[connection.who.tag]

    def count(self) -> Mapping[str, int]:
        """Open connections of each kind of viewer."""
        return Counter(door.viewer for connections in self._open.values() for door in connections.values())

    async def _roll_call(self) -> None:
        while True:
            await asyncio.sleep(EXTEND_EVERY)
            now = monotonic()
            there: dict[Door, set[int]] = {}
            for connections in tuple(self._open.values()):
                for connection, door in tuple(connections.items()):
                    if now - connection.last_heard > SILENT:
                        connection.shut(4408)
                    else:
                        there.setdefault(door, set()).add(connection.who.id)
            self._told = {tag: at for tag, at in self._told.items() if now - at < SILENT}
            for door, ids in there.items():
                try:
                    await door.there(sorted(ids))
                except Exception:
                    log.exception("presence could not be kept; trying again in %d s", EXTEND_EVERY)


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The headers by lower-case name; the last of several wins."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def cookies_of(headers: Headers) -> dict[str, str]:
    """The cookies; none where the header is not one."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}
