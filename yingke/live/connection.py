"""A connection, whatever carries it: its subscriptions, its counter of frames, what is still to be sent."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from yingke.kernel import journal, topics, words
from yingke.kernel.clock import moment, monotonic
from yingke.kernel.db import Database, Read
from yingke.kernel.entries import Cursor
from yingke.kernel.errors import Problem, Refused, Unauthenticated
from yingke.kernel.rights import Actor
from yingke.kernel.topics import Snapshot, Topic, Viewer
from yingke.live.frames import PING_EVERY, change_frame, encode, frame
from yingke.live.hub import Hub

log = logging.getLogger(__name__)

MOST_MISSED = 500  # changes sent again; beyond it a snapshot is cheaper for both
MAX_QUEUED = 4 * 1024 * 1024  # bytes waiting for a slow client
MERGE = 32_768  # bytes of changes put into one frame
MAX_TOPICS = 50

Identify = Callable[[], Awaitable[Actor]]


class Subscription:
    """One wire topic of one connection, and the inner topics it stands for."""

    __slots__ = ("connection", "cursor", "inner", "last", "name", "tail", "topic", "wire")

    def __init__(self, connection: Connection, topic: Topic, name: str) -> None:
        self.connection = connection
        self.topic = topic
        self.name = name
        self.wire = encode(name)
        self.inner: tuple[str, ...] = ()
        self.cursor: Cursor | None = None  # None while it is being decided
        self.last: tuple[Cursor, bytes] | None = None
        self.tail: _Changes | None = None  # the last that waits to be sent

    def tell(self, cursor: Cursor, changes: bytes) -> None:
        if self.cursor is None or cursor <= self.cursor:
            return
        if self.last == (cursor, changes):
            return  # the same fact on two inner topics
        if changes == journal.REDACTED:
            self.guard_again()
            return
        self.last = (cursor, changes)
        self.connection.send_changes(self, cursor, changes)

    def signal(self, name: str, data: object) -> None:
        if self.cursor is not None:
            self.connection.send_frame("signal", topic=self.name, name=name, data=data)

    def guard_again(self) -> None:
        if self.cursor is not None:
            self.connection.decide_again(self)


class _Changes:
    """Changes of one subscription not sent yet."""

    __slots__ = ("cursor", "raw", "size", "sub")

    def __init__(self, sub: Subscription, cursor: Cursor, raw: bytes) -> None:
        self.sub = sub
        self.cursor = cursor
        self.raw = [raw]
        self.size = len(raw)


class Connection:
    """who: found at `known_at`, the hub's position before it was asked.

    identify: finds it anew, when rights have changed; raises Unauthenticated when nobody any more.
    close: called once, with a close code, when the connection must end.
    """

    def __init__(
        self,
        hub: Hub,
        db: Database,
        who: Actor,
        *,
        known_at: Cursor,
        locale: str,
        identify: Identify,
        close: Callable[[int], None],
    ) -> None:
        self.hub = hub
        self.who = who
        self.locale = locale
        self.ready = asyncio.Event()
        self.last_heard = monotonic()
        self._db = db
        self._known_at = known_at
        self._tags = (f"actor:{who.tag}",)
        self._identify = identify
        self._identifying = asyncio.Lock()
        self._close = close
        self._closed = False
        self._n = 0
        self._subs: dict[str, Subscription] = {}
        self._out: deque[_Changes | tuple[str, dict[str, Any]]] = deque()
        self._merging: dict[Subscription, _Changes] = {}
        self._queued = 0
        self._snapshots: set[str] = set()  # topics whose snapshot waits to be sent
        self._tasks: set[asyncio.Task[None]] = set()
        hub.join(who.tag, self)

    @property
    def viewer(self) -> Viewer:
        return "visitor" if self.who.kind == "visitor" else "staff"

    async def identified(self) -> Actor:
        """Who this is, found anew where rights have changed.

        Raises Unauthenticated, Forbidden.
        """
        if self._outdated():  # seldom, and asked for every command
            async with self._identifying:
                while self._outdated():
                    at = self.hub.position
                    self.who = await self._identify()
                    self._known_at = at
        return self.who

    def _outdated(self) -> bool:
        return self.hub.reguarded(self._tags, self._known_at)

    # --- sending -----------------------------------------------------------------------------------------------------

    def send_frame(self, t: str, **fields: Any) -> None:
        self._out.append((t, fields))
        self._queued += 256
        self._merging.clear()  # what comes after this frame stays after it
        self._kick()

    def send_changes(self, sub: Subscription, cursor: Cursor, raw: bytes) -> None:
        held = self._merging.get(sub)
        # What shares a cursor is told in one frame: whoever holds the cursor must hold it all (kernel.order).
        if held is not None and (held.size < MERGE or held.cursor == cursor):
            held.raw.append(raw)
            held.size += len(raw)
            held.cursor = cursor
        else:
            self._merging[sub] = sub.tail = changes = _Changes(sub, cursor, raw)
            self._out.append(changes)
        self._queued += len(raw)
        self._kick()

    def _kick(self) -> None:
        if self._queued > MAX_QUEUED:
            self.shut(1013)
        self.ready.set()

    def take(self) -> list[str]:
        """The frames that wait, in order."""
        self.ready.clear()
        frames = []
        while self._out:
            one = self._out.popleft()
            self._n += 1
            if isinstance(one, _Changes):
                # With its last changes a topic is as far as the hub is: one cursor for all that leaves now.
                at = self.hub.position if one is one.sub.tail else one.cursor
                frames.append(change_frame(self._n, one.sub.wire, self.hub.cursor_text(at), one.raw))
            else:
                frames.append(frame(one[0], self._n, **one[1]))
        self._merging.clear()
        self._snapshots.clear()
        self._queued = 0
        return frames

    def has_only(self, *kinds: str) -> bool:
        """Whether nothing waits but frames of these kinds."""
        return all(isinstance(one, tuple) and one[0] in kinds for one in self._out)

    def greet(self, epoch: str) -> None:
        self.send_frame("hello", epoch=epoch, now=moment(self._db.clock()), ping=PING_EVERY)

    def pong(self) -> None:
        """Everything up to the hub's position has been sent; but no cursor may move past what a subscription that is
        being decided has still to be told."""
        deciding = any(sub.cursor is None for sub in self._subs.values())
        self.send_frame("pong", cursor=None if deciding else self.hub.cursor_text(self.hub.position))

    def refuse(self, t: str, problem: Problem, **fields: Any) -> None:
        self.send_frame(t, **fields, problem=words.document(problem, self.locale))

    # --- subscriptions -----------------------------------------------------------------------------------------------

    async def subscribe(self, wanted: Mapping[str, str | None]) -> None:
        """Begin each topic: from its cursor where that is good, else with a snapshot."""
        for name, cursor_text in wanted.items():
            self.unsubscribe([name])
            try:
                if len(self._subs) >= MAX_TOPICS:
                    raise Refused("too_many_topics", {"limit": MAX_TOPICS})
                sub = Subscription(self, topics.find(self.who, name), name)
                self._subs[name] = sub
                cursor = self.hub.codec.decode(cursor_text) if cursor_text else None
                await self._begin(sub, cursor)
            except Unauthenticated:
                self.shut(4401)
                return
            except Problem as problem:
                self._subs.pop(name, None)
                self.refuse("denied", problem, topic=name[:200])

    def unsubscribe(self, names: list[str]) -> None:
        for name in names:
            sub = self._subs.pop(name, None)
            if sub is not None:
                self._detach(sub)

    async def _begin(self, sub: Subscription, cursor: Cursor | None) -> None:
        """From the cursor, or else with a snapshot."""
        while True:
            who = await self.identified()
            if cursor is not None:
                inner, snapshot, at = await self._db.read(sub.topic.guard, who, sub.name), None, cursor
            else:
                inner, snapshot, at = await self._db.read(_look, sub.topic, who, sub.name)
            if self._subs.get(sub.name) is not sub or self._closed:
                return
            missed = self.hub.since(self.viewer, inner, at, MOST_MISSED)
            if missed is None or self.hub.reguarded([f"actor:{who.tag}", *inner], at):
                cursor = None  # it is no good, or the tail has run away from this snapshot: take another
            elif who is self.who and not self._outdated():  # else it is another now, whoever found that out
                break
        if snapshot is None:
            self.send_frame("resumed", topic=sub.name)
        else:
            self._send_snapshot(sub, snapshot, at)
        self._attach(sub, inner, at)
        for told_at, _, changes in missed:
            self.send_changes(sub, told_at, changes)

    def _send_snapshot(self, sub: Subscription, snapshot: Snapshot, at: Cursor) -> None:
        if sub.name in self._snapshots:  # it asks faster than it takes
            self.shut(1013)
        self._snapshots.add(sub.name)
        self.send_frame(
            "snapshot",
            topic=sub.name,
            cursor=self.hub.cursor_text(at),
            rows=snapshot.rows,
            more=snapshot.more,
        )

    def _attach(self, sub: Subscription, inner: Sequence[str], cursor: Cursor) -> None:
        if self._closed:
            return
        sub.inner = tuple(inner)
        sub.cursor = max(cursor, self.hub.position)
        self.hub.attach(self.viewer, sub.inner, sub)

    def _detach(self, sub: Subscription) -> None:
        sub.cursor = sub.tail = None
        self.hub.detach(self.viewer, sub.inner, sub)

    def guard_again(self) -> None:
        """Rights have changed: nothing more of any topic until its guard has said yes again."""
        for sub in tuple(self._subs.values()):
            sub.guard_again()
        self._go(self._decide(None))

    def decide_again(self, sub: Subscription) -> None:
        """Nothing more of this topic until the guard has said yes again."""
        self._detach(sub)
        self._go(self._decide(sub))

    def _go(self, deciding: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(deciding)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _decide(self, sub: Subscription | None) -> None:
        try:
            await self.identified()
            if sub is not None and self._subs.get(sub.name) is sub:
                await self._begin(sub, None)
        except Unauthenticated:
            self.shut(4401)
        except Problem as problem:
            if sub is None:
                self.shut(4403)
            elif self._subs.get(sub.name) is sub:
                del self._subs[sub.name]
                self.refuse("denied", problem, topic=sub.name)
        except Exception:
            log.exception("a subscription could not be decided again")
            self.shut(1013)

    # --- the end -----------------------------------------------------------------------------------------------------

    def shut(self, code: int) -> None:
        """End it; what waits is not sent."""
        if not self._closed:
            self._closed = True
            self.leave()
            self._close(code)

    def leave(self) -> None:
        """Forget every subscription."""
        self._closed = True
        self.hub.part(self.who.tag, self)
        for sub in self._subs.values():
            if sub.cursor is not None:
                self._detach(sub)
        self._subs.clear()
        for task in self._tasks:
            task.cancel()


def _look(read: Read, topic: Topic, who: Actor, name: str) -> tuple[Any, Snapshot, Cursor]:
    """Guard, snapshot and the place it was taken at, on one view of the database."""
    at = journal.head(read)
    return topic.guard(read, who, name), topic.snapshot(read, who, name), at
