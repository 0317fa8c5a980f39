"""P1 and P2: durable chat messages over WebSocket, beside the bare yardstick in the same run.

Each sender is a visitor with a conversation of its own and a socket that hears its chat; an agent has all of them, open
in as many windows as needed, and the inbox. So a message is acknowledged, shown in the visitor's chat, in the agent's
thread and in the agent's inbox; the yardstick's is acknowledged and pushed to one second connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import uvloop

from benchmarks import machine
from benchmarks.desk import RATE_NOTE, THREADS, behind, desk, drained, server
from benchmarks.machine import Cores, Use, pinned
from benchmarks.report import Report, Row, Target, middle
from benchmarks.sockets import Socket
from benchmarks.talk import Ears, talk, texts
from tests.support.postgres import postgres_url
from tests.support.server import free_port, healthy

SENDERS = (1, 50, 500)
LEAST = 5_000  # messages a second at the most senders, on SQLite
T = TypeVar("T")


class Plan:
    """How long and how often."""

    def __init__(self, quick: bool, rounds: int | None) -> None:
        self.seconds = 0.5 if quick else 6.0
        self.warm_up = 0.3 if quick else 2.0
        self.rounds = rounds or (1 if quick else 3)


def run(
    quick: bool = False, only: str | None = None, senders: Sequence[int] | None = None, rounds: int | None = None
) -> Report:
    """Measure both databases."""
    report = Report(
        "chat",
        machine.versions("uvicorn", "websockets", "uvloop", "msgspec", "sqlalchemy", "psycopg", "asyncpg"),
        notes=[
            "text of 10 to 60 characters, command frames of about 190 bytes; one in flight for each sender",
            RATE_NOTE,
            f"{THREADS} threads in each of the agent's windows; told_s: last ack to every window told; "
            "drain_s: last ack to every journal reader done; behind: entries the slowest reader had still to see",
            "cpu_us: the server's CPU time for a message; others: what other processes had of the server's core",
        ],
    )
    wanted = tuple(senders or ((1, 20) if quick else SENDERS))
    plan = Plan(quick, rounds)
    with contextlib.ExitStack() as stack:
        addresses: dict[str, str | None] = {"sqlite": None}
        if only != "sqlite":
            addresses["postgresql"] = stack.enter_context(postgres_url())  # before we are pinned: it is not
            report.versions["postgresql"] = _postgresql_version(addresses["postgresql"] or "")
            report.notes.append("PostgreSQL itself is pinned to no core; cpu_us does not hold its share")
        if only == "postgresql":
            del addresses["sqlite"]
        cores = machine.cores()
        machine.pin(cores.load)
        for dialect, address in addresses.items():
            for count in wanted:
                _compare(report, dialect, address, count, plan, cores, last=count == wanted[-1])
    return report


def _compare(
    report: Report, dialect: str, address: str | None, count: int, plan: Plan, cores: Cores, *, last: bool
) -> None:
    """Yardstick and product by turns, the medians of the rounds."""
    bare_rows, our_rows = [], []
    for number in range(plan.rounds):
        with _bare(dialect, cores.server) as (port, pid):
            bare_rows.append(_on_loop(lambda port=port, pid=pid: _bare_round(port, pid, count, plan, cores)))
        our_rows.append(_product_round(dialect, address if number == 0 else None, count, plan, cores))
    bare, ours = middle(bare_rows), middle(our_rows)
    ratio = ours["messages_per_s"] / bare["messages_per_s"]
    people = f"{count} sender" + ("s" if count > 1 else "")
    report.rows += [
        {"what": f"{dialect}, {people}: bare", **bare},
        {"what": f"{dialect}, {people}: Yingke", **ours, "of_bare": round(ratio, 3)},
    ]
    if last:
        _judge(report, dialect, count, ratio, ours)
    if dialect == "sqlite" and count == 1:
        report.targets["P1, one sender"] = Target(
            round(ours["ack_p50_ms"], 2), "p50 under 3 ms", ours["ack_p50_ms"] < 3
        )


def _judge(report: Report, dialect: str, count: int, ratio: float, ours: Row) -> None:
    if dialect == "postgresql":
        report.targets["P2"] = Target(
            round(ratio, 3), f"at least 0.25 of asyncpg with group commit, {count} senders", ratio >= 0.25
        )
        return
    rate, p99, drain = ours["messages_per_s"], ours["ack_p99_ms"], ours["drain_s"]
    report.targets["P1"] = Target(
        round(ratio, 3), f"at least 0.25 of bare group commit, {count} senders", ratio >= 0.25
    )
    report.targets["P1, rate"] = Target(round(rate), f"at least {LEAST:,}/s", rate >= LEAST)
    report.targets["P1, p99"] = Target(round(p99, 1), "ack under 150 ms", p99 < 150)
    report.targets["P1, drain"] = Target(
        None if drain is None else round(drain, 2), "readers done within 5 s", drain is not None and drain < 5
    )


# --- the yardstick ----------------------------------------------------------------------------------------------------


@contextmanager
def _bare(dialect: str, core: int) -> Iterator[tuple[int, int]]:
    """A bare server on this core: its port and process."""
    with contextlib.ExitStack() as stack:
        if dialect == "postgresql":
            database = stack.enter_context(postgres_url()).replace("postgresql+psycopg", "postgresql", 1)
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="yingke-benchmark-"))
            database = str(Path(folder) / "bare.db")
        port = free_port()
        command = pinned(core, "import sys; from benchmarks.bare import main; main(int(sys.argv[1]), sys.argv[2])")
        process = subprocess.Popen([*command, str(port), database])
        try:
            while not healthy(f"http://127.0.0.1:{port}"):
                if process.poll() is not None:
                    raise RuntimeError("the yardstick did not start")
                time.sleep(0.05)
            yield port, process.pid
        finally:
            process.kill()
            process.wait()


async def _bare_round(port: int, pid: int, count: int, plan: Plan, cores: Cores) -> Row:
    ears = Ears()
    windows = []
    for at in range(0, count, THREADS):
        window = await Socket.open(port, "/", ears)
        window.say({"t": "hello", "hears": list(range(at, min(count, at + THREADS)))})
        windows.append(window)
    sockets = []
    for n in range(count):
        socket = await Socket.open(port, "/", _ignore)
        socket.say({"t": "hello", "speaks": n})
        sockets.append(socket)
    await asyncio.sleep(0.2)
    row, _ = await _measured(sockets, ears, pid, plan, cores, "bare")
    for one in (*sockets, *windows):
        one.close()
    return row


def _ignore(_: bytes) -> None:
    """What comes before the round begins."""


# --- the product ------------------------------------------------------------------------------------------------------


def _product_round(dialect: str, address: str | None, count: int, plan: Plan, cores: Cores) -> Row:
    with contextlib.ExitStack() as stack:
        if dialect == "postgresql" and address is None:
            address = stack.enter_context(postgres_url())
        made = stack.enter_context(server(cores.server, address))

        async def round_() -> Row:
            ears = Ears()
            async with desk(made, count, texts(count, 3), ears) as here:
                await asyncio.to_thread(drained, made, address)
                sockets = [visitor.socket for visitor in here.visitors]
                row, told = await _measured(sockets, ears, made.pid, plan, cores, "talk")
                ended = time.perf_counter()
                left = behind(made, address)
                drain = await asyncio.to_thread(drained, made, address)
                here.check()
            late = time.perf_counter() - ended if drain is not None else None
            return {**row, "behind": left, "told_s": told, "drain_s": late}

        return _on_loop(round_)


# --- both -------------------------------------------------------------------------------------------------------------


async def _measured(
    sockets: Sequence[Socket], ears: Ears, pid: int, plan: Plan, cores: Cores, name: str
) -> tuple[Row, float]:
    use = Use(pid, cores.server)
    row, told = await talk(sockets, ears, plan.seconds, plan.warm_up, name)
    passed, theirs, ours, others = use.since()
    sent = row.pop("sent")
    return {
        **row,
        "cpu_us": round(theirs / max(1, sent) * 1e6),
        "others_pct": round(others / passed * 100),
        "load_pct": round(ours / passed * 100),
    }, told


def _on_loop(task: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await task()

    gc.collect()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def _postgresql_version(address: str) -> str:
    import psycopg

    with psycopg.connect(address.replace("postgresql+psycopg", "postgresql", 1)) as connection:
        return f"{connection.info.server_version // 10000}.{connection.info.server_version % 10000}"
