"""The hub: tails the journal and hands each entry to whoever listens.

In one process the writer hands committed entries over in memory; elsewhere, and whenever one is missing, they are read
from the database, woken by the bus, or each second if the bus is silent. The latest entries are kept, so that whoever
comes back after a moment is served from memory.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from yingke.kernel import journal
from yingke.kernel.bus import Bus
from yingke.kernel.db import Database, Read
from yingke.kernel.entries import START, Cursor, CursorCodec, Entry
from yingke.kernel.topics import Viewer

log = logging.getLogger(__name__)

KEPT = 20_000  # entries in memory
FIRST = 5_000  # entries read back at the start
PAGE = 500
POLL = 1.0  # seconds

Told = tuple[Cursor, int, bytes]  # the place, a running number, the changes as JSON


class Member(Protocol):
    """A connection, as the hub sees it."""

    def guard_again(self) -> None: ...


class Listener(Protocol):
    """A subscription, as the hub sees it."""

    def tell(self, cursor: Cursor, changes: bytes) -> None: ...

    def signal(self, name: str, data: object) -> None: ...

    def guard_again(self) -> None: ...


class Hub:
    """One for each process."""

    def __init__(self, db: Database, bus: Bus, codec: CursorCodec) -> None:
        self._db = db
        self.codec = codec
        self.position = START
        self._begins = START  # everything after this place is in memory
        self._recent: deque[Entry] = deque()
        self._waiting: deque[Entry] = deque()  # handed over while a read was under way
        self._told: dict[tuple[Viewer, str], deque[Told]] = {}
        self._listeners: dict[tuple[Viewer, str], dict[Listener, None]] = {}
        self._members: dict[str, dict[Member, None]] = {}
        self._reguarded: dict[str, Cursor] = {}  # tag → the latest place where it was to be decided anew
        self._numbers = itertools.count()
        self._awake = asyncio.Event()
        self._reading = True  # what is handed over before the first read is done waits for it
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cursor_text: tuple[Cursor, str] | None = None
        db.on_commit(self._committed)
        bus.on_wake(self._wake)
        bus.on_signal(self._signal)

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        entries, self._begins, self.position = await self._db.read(_last_entries)
        for entry in entries:
            self._keep(entry)
        self._task = asyncio.create_task(self._pump(), name="hub")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # --- listening ---------------------------------------------------------------------------------------------------

    def join(self, actor: str, member: Member) -> None:
        """Tell `member` when the rights of this actor change."""
        self._members.setdefault(actor, {})[member] = None

    def part(self, actor: str, member: Member) -> None:
        members = self._members.get(actor)
        if members is not None:
            members.pop(member, None)
            if not members:
                del self._members[actor]

    def attach(self, viewer: Viewer, inner: Sequence[str], listener: Listener) -> None:
        """Tell `listener` of these inner topics from the present position on."""
        for topic in inner:
            self._listeners.setdefault((viewer, topic), {})[listener] = None

    def detach(self, viewer: Viewer, inner: Sequence[str], listener: Listener) -> None:
        for topic in inner:
            listeners = self._listeners.get((viewer, topic))
            if listeners is not None:
                listeners.pop(listener, None)
                if not listeners:
                    del self._listeners[viewer, topic]

    def reguarded(self, tags: Iterable[str], cursor: Cursor) -> bool:
        """Whether one of these topics or actors was to be decided anew after `cursor`; also when that is no longer
        known."""
        return cursor < self._begins or any(cursor < self._reguarded.get(tag, START) for tag in tags)

    def since(self, viewer: Viewer, inner: Sequence[str], cursor: Cursor, most: int) -> list[Told] | None:
        """What was told on these topics after `cursor`, in order; None when it is no longer in memory, has been
        redacted, or is more than `most`."""
        if cursor < self._begins:
            return None
        missed: list[Told] = []
        for topic in inner:
            told = self._told.get((viewer, topic))
            if told and told[-1][0] > cursor:
                start = bisect_right(told, cursor, key=lambda one: one[0])
                missed.extend(told[n] for n in range(start, len(told)))
                if len(missed) > most:
                    return None
        missed.sort(key=lambda one: one[1])
        if any(changes == journal.REDACTED for _, _, changes in missed):
            return None
        return _without_repeats(missed)

    def cursor_text(self, cursor: Cursor) -> str:
        """The cursor as clients hold it."""
        if self._cursor_text is None or self._cursor_text[0] != cursor:
            self._cursor_text = (cursor, self.codec.encode(cursor))
        return self._cursor_text[1]

    # --- the tail ----------------------------------------------------------------------------------------------------

    def _committed(self, entries: Sequence[Entry], wakes: frozenset[str]) -> None:
        """On a database thread."""
        loop = self._loop
        if entries and loop is not None and not loop.is_closed() and self._db.dialect == "sqlite":
            # One turn later, so that an answer and the rows it changed leave together.
            loop.call_soon_threadsafe(loop.call_soon, self._handed, list(entries))

    def _handed(self, entries: list[Entry]) -> None:
        self._waiting.extend(entries)
        if not self._reading:
            self._apply_waiting()

    def _apply_waiting(self) -> None:
        """Apply what was handed over, unless a read had it too; from a gap on it is read, in order."""
        while self._waiting:
            entry = self._waiting.popleft()
            if entry.cursor.pos == self.position.pos + 1:
                self._apply(entry)
            elif entry.cursor.pos > self.position.pos:  # another process wrote in between
                self._waiting.clear()
                self._awake.set()

    def _wake(self, name: str) -> None:
        if name == "journal" and self._db.dialect != "sqlite":  # there, what is written here is handed over
            self._awake.set()

    async def _pump(self) -> None:
        while True:
            self._awake.clear()
            try:
                await self._catch_up()
            except Exception:
                log.exception("the journal could not be read; trying again")
                await asyncio.sleep(POLL)
            try:
                async with asyncio.timeout(POLL):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._awake.wait()
            except TimeoutError:
                continue

    async def _catch_up(self) -> None:
        self._reading = True
        try:
            while True:
                entries, more = await self._db.read(journal.read_on, self.position, PAGE)
                for entry in entries:
                    self._apply(entry)
                if not more:
                    break
        finally:
            self._reading = False
        self._apply_waiting()

    def _apply(self, entry: Entry) -> None:
        self._keep(entry)
        self.position = entry.cursor
        for tag in entry.reguard:
            for one in self._concerned(tag):
                one.guard_again()
        for viewer, payload in _payloads(entry):
            for topic, changes in payload.items():
                listeners = self._listeners.get((viewer, topic))
                if listeners:
                    for listener in tuple(listeners):
                        listener.tell(entry.cursor, changes)

    def _concerned(self, tag: str) -> tuple[Member | Listener, ...]:
        kind, _, actor = tag.partition(":")
        if kind == "actor":
            return tuple(self._members.get(actor, ()))
        return tuple(self._listeners.get(("staff", tag), ()))

    def _keep(self, entry: Entry) -> None:
        self._recent.append(entry)
        for tag in entry.reguard:
            self._reguarded[tag] = entry.cursor
        for viewer, payload in _payloads(entry):
            for topic, changes in payload.items():
                told = self._told.get((viewer, topic))
                if told is None:
                    told = self._told[viewer, topic] = deque()
                told.append((entry.cursor, next(self._numbers), changes))
        if len(self._recent) > KEPT:
            self._forget(self._recent.popleft())

    def _forget(self, entry: Entry) -> None:
        self._begins = entry.cursor
        for viewer, payload in _payloads(entry):
            for topic in payload:
                told = self._told[viewer, topic]
                told.popleft()
                if not told:
                    del self._told[viewer, topic]
        for tag in entry.reguard:
            if self._reguarded.get(tag) == entry.cursor:
                del self._reguarded[tag]

    def _signal(self, topic: str, name: str, data: object) -> None:
        viewer: Viewer = "visitor" if topic.startswith("chat/") else "staff"
        for listener in tuple(self._listeners.get((viewer, topic), ())):
            listener.signal(name, data)


def _payloads(entry: Entry) -> tuple[tuple[Viewer, dict[str, bytes]], tuple[Viewer, dict[str, bytes]]]:
    return ("staff", entry.staff), ("visitor", entry.visitor)


def _without_repeats(told: list[Told]) -> list[Told]:
    """One entry may tell the same changes on two inner topics of one subscription, one after the other."""
    out: list[Told] = []
    for one in told:
        if not out or (out[-1][0], out[-1][2]) != (one[0], one[2]):
            out.append(one)
    return out


def _last_entries(read: Read) -> tuple[list[Entry], Cursor, Cursor]:
    """The last entries, the place before them, and the place up to which all is known."""
    head = journal.head(read)
    begin = journal.place_before(read, FIRST)
    entries: list[Entry] = []
    cursor = begin
    while page := journal.after(read, cursor, PAGE):
        entries.extend(page)
        cursor = page[-1].cursor
    return entries, begin, max(cursor, head) if read.dialect == "sqlite" else cursor
