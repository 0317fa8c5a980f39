"""One run of the kill test: a crowd of clients, a server killed again and again, and a fresh look at the end."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults.kills.client import Orders
from tests.faults.kills.compare import Fault, Fresh, compare
from tests.faults.kills.crowd import Crowd
from tests.faults.kills.feed import SENDS, Feed, Slots, under_way
from tests.faults.kills.look import look
from tests.support.server import Server

PASSWORD = "demo-yingke"
AGENTS = ("linfang@demo.example", "hejing@demo.example")
WATCHERS = ("admin@demo.example", "zhuguan@demo.example")
READY_WITHIN = 40.0
IN_FLIGHT_WITHIN = 15.0
STILL = 0.015
IDLE_WITHIN = 45.0
CAUGHT_UP_WITHIN = 30.0


@dataclass(frozen=True)
class Plan:
    seed: int
    kills: int = 50
    visitors: tuple[str, ...] = ("websocket",) * 10 + ("sse",) * 2 + ("poll",) * 2
    """The transport of each."""
    windows: tuple[tuple[str, str, str], ...] = (
        ("agent", AGENTS[0], "websocket"),
        ("agent", AGENTS[0], "websocket"),
        ("agent", AGENTS[1], "websocket"),
        ("agent", AGENTS[1], "sse"),
        ("watcher", WATCHERS[0], "websocket"),
        ("watcher", WATCHERS[1], "poll"),
    )
    """Role, who, and the transport of each window of the staff."""
    pause: float = 0.25
    up: tuple[float, float] = (0.05, 0.5)
    """How long the server runs before a kill, drawn between these, then until a send is in flight."""


@dataclass(frozen=True)
class Kill:
    """When the server did its last, and when it was gone for good."""

    stopped: float
    killed: float


@dataclass
class Outcome:
    faults: list[Fault]
    feeds: list[Feed]
    kills: list[Kill]
    in_flight: list[int]
    """At each kill, how many sends the feeds show on the wire and unanswered."""
    seconds: float
    starts: list[float]

    @property
    def acknowledged(self) -> int:
        return len({line["id"] for feed in self.feeds for line in feed.of("ack") if line["name"] in SENDS})

    def summary(self) -> str:
        kinds = sorted({fault.kind for fault in self.faults})
        first = "\n".join(map(str, self.faults[:12]))
        starts = sorted(self.starts)
        return (
            f"{len(self.kills)} kills, {self.acknowledged} acknowledged, in flight at a kill"
            f" {min(self.in_flight, default=0)} to {max(self.in_flight, default=0)}, {self.seconds:.0f} s,"
            f" a start {starts[len(starts) // 2]:.2f} s; {len(self.faults)} faults {kinds}\n{first}"
        )


def orders(plan: Plan, url: str, folder: Path) -> list[Orders]:
    clients = len(plan.visitors) + len(plan.windows)
    parts: list[tuple[str, str, str]] = [("visitor", "", transport) for transport in plan.visitors]
    parts += plan.windows
    made = []
    for slot, (role, email, transport) in enumerate(parts):
        name = f"{role}{slot:02d}"
        made.append(
            Orders(
                name=name,
                role=role,
                url=url,
                seed=plan.seed * 1000 + slot,
                transport=transport,
                feed=str(folder / f"{name}.jsonl"),
                slots=str(folder / "slots"),
                slot=slot,
                clients=clients,
                pause=plan.pause,
                email=email,
                password=PASSWORD,
                patience=CAUGHT_UP_WITHIN,
            )
        )
    return made


async def run(server: Server, folder: Path, plan: Plan) -> Outcome:
    """The server runs already, with the demo's data; it runs still when this is done. The feeds go into the folder."""
    begun = time.monotonic()
    rng = random.Random(plan.seed)
    slots = Slots(folder / "slots", len(plan.visitors) + len(plan.windows))
    kills: list[Kill] = []
    async with Crowd(orders(plan, server.url, folder)) as crowd:
        await crowd.all_hear(READY_WITHIN)
        for _ in range(plan.kills):
            await asyncio.sleep(rng.uniform(*plan.up))
            kills.append(await asyncio.to_thread(kill_in_flight, server, slots))
            await asyncio.to_thread(server.start)
        await crowd.all_tell("stop")
        idle = await crowd.all_hear(IDLE_WITHIN)
        tokens = {name: answer["token"] for name, answer in idle.items() if answer["token"]}
        fresh = await look(server.url, WATCHERS[0], PASSWORD, crowd.feeds(), tokens)
        await expect(crowd, fresh)
        await crowd.all_tell("exit")
        feeds = crowd.feeds()
    return Outcome(
        faults=compare(feeds, fresh),
        feeds=feeds,
        kills=kills,
        in_flight=[sends_under_way(feeds, kill) for kill in kills],
        seconds=time.monotonic() - begun,
        starts=server.starts,
    )


def kill_in_flight(server: Server, slots: Slots) -> Kill:
    """Stops the server at this very moment, looks whether a client waits for an answer that has not left it, and if so
    kills it as it stands. Else lets it go on, and tries again a moment later."""
    end = time.monotonic() + IN_FLIGHT_WITHIN
    while time.monotonic() < end:
        server.freeze()
        before, stopped = slots.all(), time.monotonic()
        time.sleep(STILL)  # answers that had left the server arrive in this time
        if any(one and one == other for one, other in zip(before, slots.all(), strict=True)):
            killed = time.monotonic()
            server.kill()
            return Kill(stopped, killed)
        server.thaw()
        time.sleep(0.001)
    raise AssertionError(f"no client had anything in flight for {IN_FLIGHT_WITHIN:g} s")


def sends_under_way(feeds: list[Feed], kill: Kill) -> int:
    """By the feeds: messages on the wire when the server stopped, and without an answer when it was killed."""
    ids = {line["id"] for feed in feeds for line in feed.of("made")}
    return len(ids & set(under_way(feeds, kill.stopped, kill.killed)))


async def expect(crowd: Crowd, fresh: Fresh) -> None:
    """Every client must come by itself to what a new client sees."""
    threads = {f"thread/{key}": {key: rows[-1]["seq"]} for key, rows in fresh.staff.items() if rows}
    for child in crowd.children:
        topics = threads
        if child.orders.role == "visitor":
            topics = {
                "chat": {row["conversation"]: row["seq"] for row in fresh.visitors.get(child.orders.name, [])}
            }
        await child.tell("expect " + json.dumps(topics))
    for name, answer in (await crowd.all_hear(CAUGHT_UP_WITHIN + 10)).items():
        if not answer["caught_up"]:
            fresh.behind[name] = str(answer["lacks"])
