"""A small house for the live tests: boards with lines on them, and people who may read some of the boards.

`board/1` is read by whoever has the group 1, `boards` are all of one's own at once, a visitor has its `wall`. People
are known by a token, so that a test can take away their rights or sign them out.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, delete, select, update

from yingke.app import wiring
from yingke.kernel import journal, settings
from yingke.kernel.blobs import Blobs
from yingke.kernel.bus import MemoryBus
from yingke.kernel.commands import SIGNED_IN, Context, command
from yingke.kernel.db import Database, Read, Sql, Tx
from yingke.kernel.entries import START, Audience, Change, CursorCodec, Entry, Event, drop, event, put
from yingke.kernel.errors import Forbidden, Refused, Unauthenticated
from yingke.kernel.parse import Args
from yingke.kernel.rights import Actor
from yingke.kernel.secure import TokenBuckets
from yingke.kernel.services import Limits, Services
from yingke.kernel.tickets import Redeemed
from yingke.kernel.topics import Snapshot, topic
from yingke.live.connection import Connection
from yingke.live.door import Door, Headers, Live
from yingke.live.hub import Hub
from yingke.live.replica import Replica

assert wiring.DECLARING  # every word is known
PATIENCE = 20.0  # seconds; nothing here waits that long unless it is broken

metadata = MetaData()
line = Table(
    "line",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("board", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("words", Text, nullable=False),
)


@event("test.board_told")
class Told(Event, frozen=True):
    board: int


# --- what happens on boards ------------------------------------------------------------------------------------------


def tell(
    tx: Tx, board: int, *changes: Change, subject: str | None = None, reguard: Sequence[str] = ()
) -> None:
    told = {f"board/{board}": changes} if changes else {}
    wall = {f"chat/{board}": changes} if changes else {}
    to = Audience(
        stream=f"board:{board}", staff=told, visitor=wall, subject=subject, customer_id=board, reguard=reguard
    )
    tx.emit(Told(board), to=to)


def state(tx: Tx, *told: Audience) -> None:
    """One entry for each of these audiences."""
    for to in told:
        tx.emit(Told(0), to=to)


_LOCK = Sql(
    "SELECT ?1", "SELECT pg_advisory_xact_lock(%s)"
)  # one after the other on a board, before anything else


def write(tx: Tx, board: int, key: str, text: str) -> None:
    """Put a line on a board, or change it."""
    tx.run(_LOCK, (board,))
    c = line.c
    where = (c.board == board, c.key == key)
    row = tx.execute(select(c.rev).where(*where)).first()
    rev = 1 if row is None else row.rev + 1
    if row is None:
        tx.insert(line, board=board, key=key, rev=rev, words=text)
    else:
        tx.execute(update(line).where(*where).values(rev=rev, words=text))
    tell(tx, board, put("line", key, rev, {"words": text}), subject=key)


def erase(tx: Tx, board: int, key: str) -> None:
    tx.run(_LOCK, (board,))
    tx.execute(delete(line).where(line.c.board == board, line.c.key == key))
    tell(tx, board, drop("line", key), subject=key)


def change_rights(tx: Tx, who: Actor) -> None:
    """State that what this one may hear is to be decided anew."""
    tell(tx, 0, reguard=[f"actor:{who.tag}"])


class Hooks:
    """What a test wants done in the middle of a guard or a snapshot, once, on the thread that reads."""

    at_guard: Callable[[], None] | None = None
    at_snapshot: Callable[[], None] | None = None

    @classmethod
    def run(cls, name: str) -> None:
        hook = getattr(cls, name)
        setattr(cls, name, None)
        if hook is not None:
            hook()


def _own(read: Read, who: Actor, name: str) -> list[str]:
    return [f"board/{board}" for board in sorted(who.groups)]


def _one(read: Read, who: Actor, name: str) -> list[str]:
    Hooks.run("at_guard")
    board = int(name.partition("/")[2])
    if board not in who.groups:
        raise Forbidden("forbidden", {"right": name})
    return [f"board/{board}"]


def _lines(read: Read, boards: Collection[int]) -> Snapshot:
    rows = read.execute(select(line).where(line.c.board.in_(boards)).order_by(line.c.id)).all()
    Hooks.run("at_snapshot")
    return Snapshot([("line", row.key, row.rev, {"words": row.words}) for row in rows])


@topic("boards", viewer="staff", guard=_own)
def boards(read: Read, who: Actor, name: str) -> Snapshot:
    return _lines(read, who.groups)


@topic("board/", viewer="staff", guard=_one)
def one_board(read: Read, who: Actor, name: str) -> Snapshot:
    return _lines(read, [int(name.partition("/")[2])])


@topic("wall", viewer="visitor", guard=lambda read, who, name: [f"chat/{who.id}"])
def wall(read: Read, who: Actor, name: str) -> Snapshot:
    return _lines(read, [who.id])


class Write(Args, frozen=True):
    board: int
    key: str
    text: str


class Nothing(msgspec.Struct, frozen=True):
    """An answer that says only: done."""


def _write(tx: Tx, who: Actor, args: Write) -> Nothing:
    write(tx, args.board, args.key, args.text)
    return Nothing()


@command("test.write", viewer="staff", right=SIGNED_IN)
async def write_(ctx: Context, args: Write) -> Nothing:
    """Write a line."""
    if args.text == "refuse":
        raise Refused("too_many_topics", {"limit": 3})
    if args.text == "fail":
        raise RuntimeError("the inner words")
    return await ctx.write(_write, args)


# --- people and the house --------------------------------------------------------------------------------------------


def member(id_: int, *groups: int) -> Actor:
    return Actor(kind="staff", id=id_, key=f"s{id_}", name=f"S {id_}", groups=frozenset(groups))


def visitor(id_: int) -> Actor:
    return Actor(kind="visitor", id=id_, key=f"v{id_}", name=f"V {id_}")


async def _nothing(_: object) -> None:
    return


class Hall:
    """The live part of a process over a real database."""

    def __init__(self, db: Database, folder: Path, *, frames_per_second: float, most: int) -> None:
        metadata.create_all(db.engine)
        self.db = db
        self.bus = MemoryBus()
        self.people: dict[str, Actor] = {}
        self.arrivals: list[int] = []
        self.roll_calls: list[list[int]] = []
        self.arrive: Callable[[int], None] = self.arrivals.append
        self.stay: Callable[[list[int]], Awaitable[None]] = _nothing
        self.finding = asyncio.Event()  # cleared: to find out who somebody is takes a while
        self.finding.set()
        self.frames_per_second = frames_per_second
        self.doors = [
            self._door("staff", "/live", "/live", most),
            self._door("visitor", "/w/v1", "/w/v1/live", most),
        ]
        own = settings.load({"data_dir": folder / "data", "secret_key": "s" * 32}, {}, folder)
        self.services = Services(
            settings=own,
            db=db,
            bus=self.bus,
            blobs=Blobs(own.data_dir),
            authenticate=self._nobody,
            limits=Limits(visitor_sends=TokenBuckets(9, 9), visitor_sessions=TokenBuckets(9, 9)),
            client_address=lambda peer, _: peer,
            identify_visitor=self._identify,
        )
        self._guard = threading.Lock()  # on PostgreSQL several threads commit
        db.on_commit(self._committed)
        self.last = START  # the place of the latest entry written through `db`
        self.live: Live

    def _committed(self, entries: Sequence[Entry], wakes: frozenset[str]) -> None:
        with self._guard:
            self.last = max([self.last, *(entry.cursor for entry in entries)])
        self.bus.wake(wakes)

    def _door(self, viewer: Any, prefix: str, socket: str, most: int) -> Door:
        return Door(
            viewer=viewer,
            prefix=prefix,
            socket=socket,
            most=most,
            identify=self._identify,
            of_ticket=self._of_ticket,
            arrived=self._arrived,
            there=self._there,
        )

    async def _identify(self, proof: str | None, headers: Mapping[str, str]) -> Actor:
        await self.finding.wait()
        who = self.people.get(proof or headers.get("cookie", ""))
        if who is None:
            raise Unauthenticated("token_unknown")
        if headers.get("origin") == "https://elsewhere.example":
            raise Forbidden("origin_not_allowed", {"origin": "elsewhere"})
        return who

    async def _of_ticket(self, redeemed: Redeemed, headers: Headers) -> Actor:
        for who in self.people.values():
            if who.tag == redeemed.actor:
                return who
        raise Unauthenticated("token_unknown")

    async def _nobody(self, cookies: Mapping[str, str]) -> Actor | None:
        return None

    async def _arrived(self, id_: int) -> None:
        self.arrive(id_)

    async def _there(self, ids: Sequence[int]) -> None:
        self.roll_calls.append(list(ids))
        await self.stay(list(ids))

    async def start(self) -> None:
        epoch = await self.db.write(journal.epoch)
        codec = CursorCodec(b"c" * 32, epoch)
        self.live = Live(self.services, codec, epoch, self.doors, frames_per_second=self.frames_per_second)
        await self.bus.start()
        await self.live.start()

    async def again(self) -> None:
        """As another process would have it: a hub that has read everything back from the database."""
        await self.live.stop()
        await self.start()

    @property
    def hub(self) -> Hub:
        return self.live.hub

    @property
    def empty(self) -> bool:
        """Whether nobody is connected, and nothing is left of whoever was."""
        return not (self.live.count() or self.hub._listeners or self.hub._members)

    def knows(self, who: Actor) -> Actor:
        """Whoever brings this one's key is this one."""
        self.people[who.key] = who
        return who

    def connect(self, who: Actor) -> Screen:
        """A connection without anything that carries it."""
        return Screen(self, self.knows(who))

    async def heard(self) -> None:
        """Wait until the hub has passed everything committed so far."""
        async with asyncio.timeout(PATIENCE):
            while self.hub.position < self.last:
                await asyncio.sleep(0.002)

    def write_and_pass(self, fn: Callable[..., Any], *args: Any) -> None:
        """On another thread than the loop's: write, and wait until the hub has passed it."""
        self.db.write_now(fn, *args)
        give_up = time.monotonic() + PATIENCE
        while self.hub.position < self.last:
            assert time.monotonic() < give_up, "the hub does not get there"
            time.sleep(0.002)


@asynccontextmanager
async def open_hall(
    db: Database, folder: Path, *, frames_per_second: float = 10_000, most: int = 10
) -> AsyncIterator[Hall]:
    hall = Hall(db, folder, frames_per_second=frames_per_second, most=most)
    await hall.start()
    try:
        yield hall
    finally:
        Hooks.at_guard = Hooks.at_snapshot = None
        await hall.live.stop()
        await hall.bus.stop()


@contextmanager
def deaf(hub: Hub) -> Iterator[None]:
    """Meanwhile the hub hears of nothing, as one whose process is busy; then it reads on."""
    catch_up, handed = hub._catch_up, hub._handed
    hub._catch_up, hub._handed = _not_now, lambda entries: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        hub._catch_up, hub._handed = catch_up, handed  # type: ignore[method-assign]
        hub._awake.set()


async def _not_now() -> None:
    return


class Screen:
    """A connection and, of each topic, the replica that its frames make."""

    def __init__(self, hall: Hall, who: Actor) -> None:
        self.hall = hall
        self.closed: list[int] = []
        self.frames: list[dict[str, Any]] = []
        self.held: dict[str, Replica] = {}
        self.connection = Connection(
            hall.hub,
            hall.db,
            who,
            known_at=hall.hub.position,
            locale="en",
            identify=self._identify,
            close=self.closed.append,
        )

    async def _identify(self) -> Actor:
        return await self.hall._identify(self.connection.who.key, {})

    def take(self) -> list[dict[str, Any]]:
        """The frames that wait, applied."""
        frames = [msgspec.json.decode(text) for text in self.connection.take()]
        for one in frames:
            if one["t"] == "pong" and one["cursor"] is not None:
                for replica in self.held.values():
                    replica.apply(one)
            elif one["t"] in ("snapshot", "resumed", "change", "denied"):
                self.held.setdefault(one["topic"], Replica()).apply(one)
        self.frames += frames
        return frames

    async def subscribe(self, *names: str, **cursors: str | None) -> list[dict[str, Any]]:
        await self.connection.subscribe({**dict.fromkeys(names), **cursors})
        return self.take()

    async def hear(self) -> list[dict[str, Any]]:
        """What is told once the hub has passed everything committed and every decision is made."""
        await self.hall.heard()
        async with asyncio.timeout(PATIENCE):
            while self.connection._tasks:
                await asyncio.sleep(0.002)
        return self.take()

    def words(self, name: str) -> dict[str, str]:
        """The lines held of a topic."""
        return {key: row["words"] for (_, key), (_, row) in self.held[name].rows.items()}


def kinds(frames: Sequence[Mapping[str, Any]]) -> list[str]:
    return [frame["t"] for frame in frames]


def changes(frames: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [change for frame in frames if frame["t"] == "change" for change in frame["changes"]]
