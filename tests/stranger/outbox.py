"""Commands that wait for their answer: an id made once, one in flight in each lane, repeated until answered."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.stranger.wire import BackOff, Json, NotKnown, Refused, SignedOut, Timing


@dataclass
class Command:
    """One command. Its lane is what must stay in order: a conversation."""

    name: str
    args: Json
    lane: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    tries: int = 0
    by_http: bool = False
    """The last try timed out on the socket: this one goes another way."""


class Outbox:
    """Lanes of commands. `carry` takes one over whatever way is open and returns its answer or raises."""

    def __init__(
        self,
        carry: Callable[[Command], Awaitable[Json]],
        linked: asyncio.Event,
        timing: Timing,
        rng: random.Random,
        *,
        on_not_known: Callable[[Command, str], None],
        on_signed_out: Callable[[], Awaitable[None]],
    ) -> None:
        self._carry = carry
        self._linked = linked
        self._timing = timing
        self._rng = rng
        self._on_not_known = on_not_known
        self._on_signed_out = on_signed_out
        self._lanes: dict[str, deque[tuple[Command, asyncio.Future[Json]]]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, command: Command) -> asyncio.Future[Json]:
        """Takes the command; the future has its answer in the end, or Refused."""
        done: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_seen)
        self._lanes.setdefault(command.lane, deque()).append((command, done))
        self._empty.clear()
        if command.lane not in self._workers:
            self._workers[command.lane] = asyncio.create_task(self._work(command.lane))
        return done

    def waiting(self) -> list[Command]:
        return [command for lane in self._lanes.values() for command, _ in lane]

    async def emptied(self) -> None:
        await self._empty.wait()

    async def close(self) -> None:
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for lane in self._lanes.values():
            for _, done in lane:
                done.cancel()

    async def _work(self, lane: str) -> None:
        queue = self._lanes[lane]
        while queue:
            command, done = queue[0]
            try:
                answer = await self._deliver(command)
            except Refused as no:
                _settle(done, no)
            else:
                _settle(done, answer)
            queue.popleft()
        del self._lanes[lane], self._workers[lane]
        if not self._lanes:
            self._empty.set()

    async def _deliver(self, command: Command) -> Json:
        back_off = BackOff(self._timing, self._rng)
        while True:
            command.tries += 1
            try:
                return await self._carry(command)
            except SignedOut as out:
                self._on_not_known(command, out.code)
                await self._on_signed_out()
            except NotKnown as reason:
                self._on_not_known(command, str(reason))
                await self._pause(back_off.next(), reason.retry_after)

    async def _pause(self, jittered: float, retry_after: float | None) -> None:
        """As long as the server asked for; else the back-off, cut short when the connection is there again."""
        if retry_after is not None:
            await asyncio.sleep(retry_after + jittered)
            return
        if self._linked.is_set():
            await asyncio.sleep(jittered)
            return
        try:
            async with asyncio.timeout(jittered):
                await self._linked.wait()
        except TimeoutError:
            pass


def _settle(done: asyncio.Future[Json], result: Json | Refused) -> None:
    if done.done():
        return
    if isinstance(result, Refused):
        done.set_exception(result)
    else:
        done.set_result(result)


def _seen(done: asyncio.Future[Json]) -> None:
    """A refusal nobody waits for is told to the listener; asyncio need not warn of it."""
    if not done.cancelled():
        done.exception()
