"""The way between browsers and server, when something is wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.support.proxy import Cut, Fault, Proxy
from tests.support.server import Server


class Dead(Fault):
    """No way through: every request is reset."""

    def request(self, piece: bytes) -> bytes:
        raise Cut


class Line:
    """Use it as `async with`: starts the server, which believes that the proxy's address is its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.fault: Callable[[], Fault] = Fault
        """What happens to connections from now on."""
        self._proxy = Proxy(server.port, lambda: self.fault())

    @property
    def url(self) -> str:
        return self._proxy.url

    async def __aenter__(self) -> Self:
        await self._proxy.__aenter__()
        self.server.environment["YINGKE_PUBLIC_URL"] = self.url
        await asyncio.to_thread(self.server.start)
        return self

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._proxy.__aexit__(type_, error, trace)
        await asyncio.to_thread(self.server.stop)

    async def break_(self, fault: Callable[[], Fault] = Dead) -> None:
        """Everything that stands falls, and `fault` holds for what comes after."""
        self.fault = fault
        await self._proxy.cut()

    def mend(self) -> None:
        self.fault = Fault

    async def mend_all(self) -> None:
        """As at the beginning, also where a test has failed half-way."""
        self.mend()
        if not self.server.running:
            await asyncio.to_thread(self.server.start)
