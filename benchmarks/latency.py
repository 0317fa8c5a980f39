"""P3: from the visitor's send to the agent's screen, many chats at a human pace, beside the bare yardstick.

Each visitor writes every 5 to 20 seconds, seeded; the agent has all chats open. The clock runs from the write into the
visitor's socket until the agent's socket has the frame with that message; both are in the load generator.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import msgspec

from benchmarks import machine
from benchmarks.desk import RATE_NOTE, desk, drained, server
from benchmarks.loops import on_loop, until
from benchmarks.machine import Cores, Use
from benchmarks.report import Report, Row, Target, percentile
from benchmarks.sockets import Socket
from benchmarks.talk import texts
from benchmarks.yardstick import bare, converse

CHATS, PACE = 200, (5.0, 20.0)  # seconds between two messages of one visitor


class Seen:
    """When each message left and when it was on the other side's screen."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.waits: list[float] = []

    def __call__(self, payload: bytes) -> None:
        now = time.perf_counter()
        frame = msgspec.json.decode(payload)
        if frame["t"] == "push":
            self._saw(frame["id"], now)
        elif frame["t"] == "change" and frame["topic"].startswith("thread/"):
            for change in frame["changes"]:
                if change[:2] == ["put", "message"]:
                    self._saw(change[4]["id"], now)

    def _saw(self, id_: str | None, now: float) -> None:
        at = self.sent.pop(id_ or "", None)
        if at is not None:
            self.waits.append(now - at)


def run(quick: bool = False) -> Report:
    seconds, chats = (5.0, 40) if quick else (30.0, CHATS)
    cores = machine.cores()
    machine.pin(cores.load)
    report = Report(
        "latency",
        machine.versions("uvicorn", "websockets", "uvloop", "msgspec", "sqlalchemy"),
        notes=[
            f"{chats} chats, a message each {PACE[0]:g} to {PACE[1]:g} s in each, for {seconds:g} s; SQLite",
            RATE_NOTE,
            "others: what other processes had of the server's core",
        ],
    )
    with bare("sqlite", cores.server) as (port, pid):
        row = on_loop(lambda: _bare(port, pid, chats, seconds / 3, cores))
    report.rows.append({"what": "bare", **row})
    with server(cores.server) as made:

        async def ours() -> Row:
            seen = Seen()
            async with desk(made, chats, texts(chats, 3), seen) as here:
                await asyncio.to_thread(drained, made, None)
                found = await _talk(
                    [visitor.socket for visitor in here.visitors], seen, made.pid, seconds, cores
                )
                here.check()
            return found

        row = on_loop(ours)
    report.rows.append({"what": "Yingke", **row})
    report.targets["P3, p50"] = Target(round(row["p50_ms"], 2), "under 15 ms", row["p50_ms"] < 15)
    report.targets["P3, p99"] = Target(round(row["p99_ms"], 2), "under 60 ms", row["p99_ms"] < 60)
    return report


async def _bare(port: int, pid: int, chats: int, seconds: float, cores: Cores) -> Row:
    seen = Seen()
    sockets, windows = await converse(port, chats, seen)
    row = await _talk(sockets, seen, pid, seconds, cores)
    for one in (*sockets, *windows):
        one.close()
    return row


async def _talk(sockets: Sequence[Socket], seen: Seen, pid: int, seconds: float, cores: Cores) -> Row:
    said, use = texts(64, 7), Use(pid, cores.server)
    count = 0

    async def chat(number: int, socket: Socket) -> None:
        nonlocal count
        rng = random.Random(number)
        socket.heard = _must_not_refuse
        await asyncio.sleep(rng.uniform(0, PACE[1]) * 0.6)
        while True:
            count += 1
            id_ = f"pace-{number:04d}-{count:06d}"
            seen.sent[id_] = time.perf_counter()
            socket.say({"t": "command", "id": id_, "do": "send", "args": {"text": said[count % 64]}})
            await asyncio.sleep(rng.uniform(*PACE))

    chatting = [asyncio.create_task(chat(number, socket)) for number, socket in enumerate(sockets)]
    await asyncio.sleep(seconds)
    for task in chatting:
        task.cancel()
    done = await asyncio.gather(*chatting, return_exceptions=True)
    for error in done:
        if isinstance(error, Exception):
            raise error
    await until(lambda: not seen.sent, within=10)
    if seen.sent:
        raise RuntimeError(f"{len(seen.sent)} of {count} messages were never seen")
    passed, theirs, _, others = use.since()
    return {
        "messages": count,
        "p50_ms": percentile(seen.waits, 0.5) * 1000,
        "p99_ms": percentile(seen.waits, 0.99) * 1000,
        "max_ms": max(seen.waits) * 1000,
        "server_cpu_pct": round(theirs / passed * 100, 1),
        "others_pct": round(others / passed * 100),
    }


def _must_not_refuse(payload: bytes) -> None:
    if payload.startswith(b'{"t":"nack"'):
        raise RuntimeError(f"the server refused: {payload[:500]!r}")
