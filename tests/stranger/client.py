"""The live client: a replica of each topic wanted, an outbox, and a connection that always comes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.stranger.door import Door
from tests.stranger.ladder import TRANSPORTS, Ladder
from tests.stranger.links import Events, Link, Poll, Socket, stop_code
from tests.stranger.listener import Listener
from tests.stranger.outbox import Command, Outbox
from tests.stranger.replica import Replica
from tests.stranger.wire import BackOff, Json, LinkLost, NotKnown, Refused, SignedOut, Stopped, refusal


class Client:
    """What visitor and staff have in common. Use it as `async with`."""

    def __init__(
        self,
        door: Door,
        topics: Sequence[str],
        *,
        listener: Listener | None = None,
        transports: Sequence[str] = TRANSPORTS,
        rng: random.Random | None = None,
    ) -> None:
        self.door = door
        self.timing = door.timing
        self.listener = listener or Listener()
        self.replicas = {topic: Replica(topic) for topic in topics}
        self.stopped: Stopped | None = None
        self._rng = rng or random.Random()
        self._ladder = Ladder(transports)
        self._link: Link | None = None
        self._linked = asyncio.Event()
        self._in = asyncio.Event()
        self._turn = asyncio.Event()
        self._nudged = asyncio.Event()
        self._changed = asyncio.Event()
        self._denied: set[str] = set()
        self._answers: dict[str, asyncio.Future[Json]] = {}
        self._task: asyncio.Task[None] | None = None
        self.outbox = Outbox(
            self._carry,
            self._linked,
            self.timing,
            self._rng,
            on_not_known=lambda command, reason: self.listener.not_known(command, reason),
            on_signed_out=self._enter_anew,
        )

    # -- for whoever uses it ---------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._live())
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.outbox.close()
        await self.door.http.aclose()

    @property
    def transport(self) -> str | None:
        """The transport in use now; None while there is no connection."""
        return self._link.name if self._link else None

    def subscribe(self, topic: str) -> None:
        self._denied.discard(topic)
        self.replicas.setdefault(topic, Replica(topic))
        self._topics_changed({"t": "subscribe", "topics": {topic: self.replicas[topic].cursor}})

    def unsubscribe(self, topic: str) -> None:
        self.replicas.pop(topic, None)
        self._topics_changed({"t": "unsubscribe", "topics": [topic]})

    def command(
        self, name: str, args: Json, *, lane: str = "", id: str | None = None
    ) -> asyncio.Future[Json]:
        """Puts it into the outbox; the future has the answer in the end, or Refused."""
        command = Command(name, args, lane or name)
        if id is not None:
            command.id = id
        return self.outbox.put(command)

    async def entered(self) -> None:
        """Until there is a session; requests beside the outbox need one too."""
        await self._in.wait()

    def nudge(self) -> None:
        """The device came on line, or the page became visible: come back at once."""
        self._nudged.set()

    async def until(self, is_so: Callable[[], bool], timeout: float) -> None:
        """Waits until something is true of the replicas; TimeoutError if it never is."""
        async with asyncio.timeout(timeout):
            while not is_so():
                if self.stopped is not None:
                    raise self.stopped
                self._changed.clear()
                await self._changed.wait()

    # -- the connection --------------------------------------------------------------------------

    async def _live(self) -> None:
        back_off = BackOff(self.timing, self._rng)
        try:
            while True:
                at_once = False
                try:
                    await self._session()
                    link = await self._open()
                    self._ladder.opened()
                    back_off.worked()
                    at_once = await self._serve(link)
                except LinkLost as lost:  # it did not open
                    self._ladder.failed(lost)
                    await self._act_on(lost)
                except SignedOut:
                    self._forget_session()
                if not at_once:
                    await self._pause(back_off.next())
        except Refused as no:
            self._stop(Stopped(str(no)))
        except Stopped as stop:
            self._stop(stop)

    async def _session(self) -> None:
        if self._in.is_set():
            return
        before = self.door.identity
        await self.door.enter_until_in()
        if before is not None and before != self.door.identity:  # another visitor now: nothing held is theirs
            for replica in self.replicas.values():
                replica.forget()
        self._in.set()
        self._changed.set()

    async def _open(self) -> Link:
        match self._ladder.now:
            case "websocket":
                return await Socket.open(self.door)
            case "sse":
                return await Events.open(self.door, self._topics)
            case _:
                return await Poll.open(self.door, self._topics)

    async def _serve(self, link: Link) -> bool:
        """Until the connection is lost (raises), or is to be opened again at once (True)."""
        for replica in self.replicas.values():
            replica.begun = False
        self._turn.clear()
        reason = "closed"
        listening = asyncio.create_task(self._listen(link))
        turn = asyncio.create_task(self._turn.wait())
        try:
            self._link = link
            self._linked.set()
            self.listener.linked(link.name)
            if link.speaks:
                await link.say({"t": "subscribe", "topics": self._topics()})
            wait = None if self._ladder.is_best else self.timing.better
            done, _ = await asyncio.wait({listening, turn}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            if listening in done:
                await listening
            elif not done:
                self._ladder.try_better()
            reason = "opened again"
            return True
        except LinkLost as lost:
            reason = str(lost)
            await self._act_on(lost)
            return False
        finally:
            self._link = None
            self._linked.clear()
            self.listener.unlinked(link.name, reason)
            await _end(listening, turn)
            await link.close()
            for waiter in self._answers.values():
                if not waiter.done():
                    waiter.set_exception(NotKnown(f"the connection was lost: {reason}"))
            self._changed.set()

    async def _listen(self, link: Link) -> None:
        while True:
            self._apply(await link.next())
            self._changed.set()

    async def _act_on(self, lost: LinkLost) -> None:
        """What section 7 says to do then; most often nothing but to come back."""
        stop = stop_code(lost)
        if stop is not None:
            raise stop
        if lost.code == 4401:
            self._forget_session()
        if lost.code == 4429:
            await asyncio.sleep(30.0)

    async def _pause(self, seconds: float) -> None:
        self._nudged.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudged.wait()

    async def _enter_anew(self) -> None:
        """A command was answered 401."""
        self._forget_session()
        self._turn.set()
        await self._in.wait()

    def _forget_session(self) -> None:
        self._in.clear()
        self.door.forget_session()

    def _stop(self, stop: Stopped) -> None:
        self.stopped = stop
        self._changed.set()

    # -- frames in (4) ---------------------------------------------------------------------------

    def _topics(self) -> dict[str, str | None]:
        return {topic: r.cursor for topic, r in self.replicas.items() if topic not in self._denied}

    def _topics_changed(self, frame: Json) -> None:
        link = self._link
        if link is None:
            return
        if not link.speaks:
            self._turn.set()
            return
        asyncio.get_running_loop().create_task(_quietly(link, frame))

    def _apply(self, frame: Json) -> None:
        match frame.get("t"):
            case "ack":
                self._answer(str(frame["id"]), frame["answer"])
            case "nack":
                self._answer(str(frame["id"]), refusal(frame["problem"]))
            case "pong":
                for replica in self.replicas.values():
                    replica.pong(frame["cursor"])
            case "snapshot" | "resumed" | "change" | "denied" | "signal":
                held = self.replicas.get(frame["topic"])
                if held is not None:
                    self._apply_to(held, frame)

    def _apply_to(self, replica: Replica, frame: Json) -> None:
        topic = replica.topic
        match frame["t"]:
            case "snapshot":
                replica.snapshot(frame)
                rows = [(kind, key, rev, row) for kind, key, rev, row, *_ in frame["rows"]]
                self.listener.snapshot(topic, rows, replica.more)
            case "resumed":
                replica.resumed()
                self.listener.resumed(topic)
            case "change":
                for change in replica.change(frame):
                    if change[0] == "put":
                        self.listener.put(topic, *change[1:])  # type: ignore[arg-type]
                    else:
                        self.listener.drop(topic, *change[1:])  # type: ignore[arg-type]
            case "denied":
                self._denied.add(topic)
                replica.forget()
                self.listener.denied(topic, frame["problem"])
            case "signal":
                self.listener.signal(topic, frame["name"], frame["data"])

    def _answer(self, id_: str, result: Json | Refused | NotKnown) -> None:
        waiter = self._answers.get(id_)
        if waiter is None or waiter.done():
            return
        if isinstance(result, Exception):
            waiter.set_exception(result)
        else:
            waiter.set_result(result)

    # -- commands out ----------------------------------------------------------------------------

    async def _carry(self, command: Command) -> Json:
        """Once, by the socket where there is one, else over HTTP."""
        await self._in.wait()
        link = self._link
        try:
            if link is not None and link.speaks and not command.by_http:
                answer = await self._carry_by(link, command)
            else:
                command.by_http = False
                answer = await self.door.command(
                    command.name, command.id, command.args, lambda: self.listener.sent(command, "http")
                )
                if isinstance(link, Socket) and link.silent_for() > self.timing.silence:
                    await _quietly(link, {"t": "ping"})
        except SignedOut:
            raise
        except Refused as no:
            self.listener.refused(command, no.problem)
            raise
        self.listener.acked(command, answer)
        return answer

    async def _carry_by(self, link: Link, command: Command) -> Json:
        waiter: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[command.id] = waiter
        try:
            await link.say({"t": "command", "id": command.id, "do": command.name, "args": command.args})
            self.listener.sent(command, "websocket")
            async with asyncio.timeout(self.timing.answer):
                return await waiter
        except LinkLost as lost:
            raise NotKnown(str(lost)) from lost
        except TimeoutError as late:
            command.by_http = True
            raise NotKnown(f"no answer within {self.timing.answer:g} s") from late
        finally:
            del self._answers[command.id]


async def _quietly(link: Link, frame: Json) -> None:
    """A loss is seen by whoever listens to the link."""
    with suppress(LinkLost):
        if isinstance(link, Socket) and frame["t"] == "ping":
            await link.probe()
        else:
            await link.say(frame)


async def _end(*tasks: asyncio.Task[object] | asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
