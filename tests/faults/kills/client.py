"""One client of the kill test, a process of its own: `python -m tests.faults.kills.client '{"name": …}'`.

It writes messages until told to stop and records its feed. The conversation with the test goes by lines:
    test: stop                      it writes no more, waits until its outbox is empty, repeats its last commands
    client: {"idle": …}
    test: expect {"topic": {"conversation": last seq}}
    client: {"caught_up": true} or {"caught_up": false, "lacks": …}
    test: exit
"""

from __future__ import annotations

import asyncio
import json
import random
import string
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.kills.feed import Recorder, Slots
from tests.stranger import Client, Refused, Staff, Timing, Visitor
from tests.stranger.wire import Json

# The document's times, but for the back-off: fifty kills are to fit into a test, with everybody back after each.
TIMING = Timing(back_off=0.2, back_off_most=0.6)
WORD_FOR = 12
"""Messages that share one word to search for, so that one search proves several."""
REPEATED = 3


@dataclass(frozen=True)
class Orders:
    """What the test tells the process to be."""

    name: str
    role: str
    url: str
    seed: int
    transport: str
    feed: str
    slots: str
    slot: int
    clients: int
    pause: float
    """Mean seconds between two messages."""
    email: str = ""
    password: str = ""
    patience: float = 30.0


class Writer:
    """Makes texts that are unique, and searchable by a word of letters drawn for a dozen of them."""

    def __init__(self, name: str, rng: random.Random) -> None:
        self._name = name
        self._rng = rng
        self._count = 0
        self._word = ""

    def next(self) -> str:
        if self._count % WORD_FOR == 0:
            self._word = "".join(self._rng.choices(string.ascii_lowercase, k=10))
        self._count += 1
        return f"{self._word} {self._name}第{self._count}句"


class Part:
    """What both roles do; a role says how it writes."""

    def __init__(self, orders: Orders, client: Client, recorder: Recorder, rng: random.Random) -> None:
        self.orders = orders
        self.client = client
        self.recorder = recorder
        self.rng = rng
        self.writer = Writer(orders.name, rng)
        self.stopping = asyncio.Event()
        self.made: list[tuple[str, Json, str, str]] = []

    async def write_on(self) -> None:
        while not self.stopping.is_set():
            for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
                await self.write()
            await self.pause(self.rng.expovariate(1 / self.orders.pause))

    async def write(self) -> None:
        raise NotImplementedError

    async def put(self, name: str, args: Json, lane: str) -> Json | None:
        """Into the outbox, recorded before it goes anywhere; None if it was refused."""
        id_ = f"{self.orders.name}-{len(self.made):06d}"
        self.made.append((name, args, lane, id_))
        self.recorder.made(id_, name, args["text"], args.get("conversation"))
        try:
            return await self.client.command(name, args, lane=lane, id=id_)
        except Refused:
            return None

    async def repeat_last(self) -> None:
        """An answer given is given again, to the same id."""
        for name, args, lane, id_ in self.made[-REPEATED:]:
            try:
                await self.client.command(name, args, lane=lane, id=id_)
            except Refused:
                continue

    async def pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            pass


class VisitorPart(Part):
    client: Visitor

    async def write(self) -> None:
        answer = await self.put("send", {"text": self.writer.next()}, "chat")
        if answer is not None and self.rng.random() < 0.02:
            try:
                await self.client.end(answer["conversation"])
            except Refused as no:
                self.recorder.note("end_refused", problem=no.problem)


class StaffPart(Part):
    """Follows every thread of the inbox; an agent writes in those that are theirs."""

    client: Staff

    async def write(self) -> None:
        for key in self.client.inbox():
            if f"thread/{key}" not in self.client.replicas:
                self.client.open(key)
        mine = [
            key
            for key, row in self.client.inbox().items()
            if row["state"] == "active" and (row["assignee"] or {}).get("key") == self.client.me["key"]
        ]
        if not mine:
            return
        conversation = self.rng.choice(mine)
        note = self.rng.random() < 0.15
        name = "conversations.note" if note else "conversations.send"
        await self.put(name, {"conversation": conversation, "text": self.writer.next()}, conversation)


def part(orders: Orders) -> Part:
    rng = random.Random(orders.seed)
    recorder = Recorder(Path(orders.feed), Slots(Path(orders.slots), orders.clients), orders.slot)
    common: dict[str, Any] = {
        "listener": recorder,
        "transports": (orders.transport,),
        "timing": TIMING,
        "rng": random.Random(orders.seed + 1),
    }
    if orders.role == "visitor":
        return VisitorPart(orders, Visitor(orders.url, "demo", **common), recorder, rng)
    staff = Staff(orders.url, orders.email, orders.password, **common)
    return StaffPart(orders, staff, recorder, rng)


def lacks(client: Client, topics: dict[str, dict[str, int]]) -> dict[str, str]:
    """What of the expected the replicas do not show yet."""
    missing = {}
    for topic, conversations in topics.items():
        replica = client.replicas.get(topic)
        rows = list(replica.of("message").values()) if replica else []
        for conversation, last in conversations.items():
            held = max((row["seq"] for row in rows if row["conversation"] == conversation), default=0)
            if held < last:
                missing[f"{topic} {conversation}"] = f"{held} of {last}"
    return missing


async def play(orders: Orders) -> None:
    mine = part(orders)
    lines = await stdin_lines()
    async with mine.client as client:
        if isinstance(client, Staff) and orders.role == "agent":
            await client.set_intent("online")
        writing = asyncio.create_task(mine.write_on())
        say(ready=True)
        await told(lines, "stop")
        mine.stopping.set()
        await writing
        await client.outbox.emptied()
        await mine.repeat_last()
        token = client.token if isinstance(client, Visitor) else None
        say(idle=True, token=token, made=len(mine.made))
        topics: dict[str, dict[str, int]] = json.loads(await told(lines, "expect"))
        for topic in topics:
            client.subscribe(topic) if topic not in client.replicas else None
        try:
            await client.until(lambda: not lacks(client, topics), orders.patience)
            say(caught_up=True)
        except TimeoutError:
            say(caught_up=False, lacks=lacks(client, topics))
        await told(lines, "exit")


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


async def stdin_lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


async def told(lines: asyncio.StreamReader, word: str) -> str:
    line = (await lines.readline()).decode().strip()
    if line.split(" ", 1)[0] != word:
        raise SystemExit(f"was told {line!r} instead of {word!r}: the test is gone")
    return line.partition(" ")[2]


if __name__ == "__main__":
    asyncio.run(play(Orders(**json.loads(sys.argv[1]))))
