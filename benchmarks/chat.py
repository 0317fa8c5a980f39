"""P1 and P2: durable chat messages over WebSocket, beside the bare yardstick in the same run.

Each sender is a visitor with a conversation of its own and a socket that hears its chat; an agent has all of them, open
in as many windows as needed, and the inbox. So a message is acknowledged, shown in the visitor's chat, in the agent's
thread and in the agent's inbox; the yardstick's is acknowledged and pushed to one second connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from functools import partial

from benchmarks import machine
from benchmarks.desk import RATE_NOTE, THREADS, behind, desk, drained, server
from benchmarks.loops import on_loop
from benchmarks.machine import Cores, Use
from benchmarks.report import Report, Row, Target, middle
from benchmarks.sockets import Socket
from benchmarks.talk import Ears, talk, texts
from benchmarks.yardstick import bare, converse
from tests.support.postgres import postgres_url

SENDERS = (1, 50, 500)
LEAST = 5_000  # messages a second at the most senders, on SQLite


class Plan:
    """How long and how often."""

    def __init__(self, quick: bool, rounds: int | None) -> None:
        self.seconds = 0.5 if quick else 6.0
        self.warm_up = 0.3 if quick else 2.0
        self.rounds = rounds or (1 if quick else 3)


def run(
    quick: bool = False,
    only: str | None = None,
    senders: Sequence[int] | None = None,
    rounds: int | None = None,
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
        if only != "sqlite":
            address = stack.enter_context(
                postgres_url()
            )  # its server is begun before we are pinned: it is not
            report.versions["postgresql"] = _postgresql_version(address)
            report.notes.append("PostgreSQL itself is pinned to no core; cpu_us does not hold its share")
        cores = machine.cores()
        machine.pin(cores.load)
        for dialect in ("sqlite", "postgresql") if only is None else (only,):
            for count in wanted:
                _compare(report, dialect, count, plan, cores, last=count == wanted[-1])
    return report


def _compare(report: Report, dialect: str, count: int, plan: Plan, cores: Cores, *, last: bool) -> None:
    """Yardstick and product by turns, the medians of the rounds."""
    bare_rows: list[Row] = []
    our_rows: list[Row] = []
    for _ in range(plan.rounds):
        with bare(dialect, cores.server) as (port, pid):
            bare_rows.append(on_loop(partial(_bare_round, port, pid, count, plan, cores)))
        our_rows.append(_product_round(dialect, count, plan, cores))
    least, ours = middle(bare_rows), middle(our_rows)
    ratio = ours["messages_per_s"] / least["messages_per_s"]
    people = f"{count} sender" + ("s" if count > 1 else "")
    report.rows += [
        {"what": f"{dialect}, {people}: bare", **least},
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


async def _bare_round(port: int, pid: int, count: int, plan: Plan, cores: Cores) -> Row:
    ears = Ears()
    sockets, windows = await converse(port, count, ears)
    row, _ = await _measured(sockets, ears, pid, plan, cores, "bare")
    for one in (*sockets, *windows):
        one.close()
    return row


# --- the product ------------------------------------------------------------------------------------------------------


def _product_round(dialect: str, count: int, plan: Plan, cores: Cores) -> Row:
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(postgres_url()) if dialect == "postgresql" else None
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

        return on_loop(round_)


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


def _postgresql_version(address: str) -> str:
    import psycopg

    with psycopg.connect(address.replace("postgresql+psycopg", "postgresql", 1)) as connection:
        return f"{connection.info.server_version // 10000}.{connection.info.server_version % 10000}"
