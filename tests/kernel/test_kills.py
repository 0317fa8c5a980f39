"""Jobs and timers with two processes, which are killed one after the other: nothing is lost, no effect comes twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select, table

from tests.support.schema import create_schema
from tests.support.worker_process import deadline, effect, enqueue_work, fired, metadata, outside
from yingke.kernel import jobs
from yingke.kernel.clock import SECOND
from yingke.kernel.db import Database, Read, Tx

ROOT = Path(__file__).parents[2]
JOBS, DEADLINES, KILLS = 250, 200, 4


def start(url: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.support.worker_process", url]
    process = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def left(read: Read) -> tuple[int, int]:
    unfinished = select(func.count()).where(jobs.table.c.state != "done")
    waiting = select(func.count()).where(deadline.c.state == "running")
    return read.execute(unfinished).scalar_one(), read.execute(waiting).scalar_one()


@pytest.mark.slow
def test_every_job_and_deadline_once_in_effect_whoever_is_killed(database_url: str) -> None:
    create_schema(database_url)
    db = Database(database_url)
    metadata.create_all(db.engine)
    chance = random.Random(20260302)

    def prepare(tx: Tx) -> None:
        for n in range(JOBS):
            enqueue_work(tx, n, f"lock {n % 5}" if n % 3 == 0 else None)
        for n in range(DEADLINES):
            tx.insert(deadline, due_at=tx.now + n * SECOND // 100, state="running")

    db.write_now(prepare)
    processes = [start(database_url), start(database_url)]
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.1, 0.5))
            victim = processes.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            processes.append(start(database_url))
        give_up = time.monotonic() + 60
        while any(db.read_now(left)):
            assert time.monotonic() < give_up, db.read_now(left)
            time.sleep(0.1)
    finally:
        for process in processes:
            process.kill()
            process.wait()

    called = Counter(db.read_now(lambda read: read.execute(select(outside.c.n)).scalars().all()))
    effects = db.read_now(lambda read: read.execute(select(effect)).all())
    times_fired = Counter(db.read_now(lambda read: read.execute(select(fired.c.deadline_id)).scalars().all()))
    db.close()
    assert sorted(row.n for row in effects) == list(range(JOBS))
    assert set(called) == set(range(JOBS))
    assert sum(called.values()) > JOBS, "no attempt was interrupted or failed: the test shows nothing"
    assert times_fired == Counter(range(1, DEADLINES + 1))
    for lock in {row.lock for row in effects if row.lock is not None}:
        spans = sorted((row.began, row.ended) for row in effects if row.lock == lock)
        assert all(ended <= began for (_, ended), (began, _) in pairwise(spans)), lock


WRITER = """
import sys
from sqlalchemy import text
from yingke.kernel.db import Database

db = Database(sys.argv[1])
for n in range(100_000):
    db.write_now(lambda tx: tx.execute(text("INSERT INTO kept (n) VALUES (:n)"), {"n": n}))
    print(n, flush=True)
"""


@pytest.mark.slow
def test_what_was_answered_is_there_after_a_kill(database_url: str) -> None:
    db = Database(database_url)
    with db.engine.connect() as conn:
        conn.exec_driver_sql("CREATE TABLE kept (n BIGINT)")
    kept = 0
    for kill_after in (0.05, 0.15, 0.25):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, database_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        answered = [int(process.stdout.readline())]
        threading.Timer(kill_after, process.kill).start()
        answered += [int(line) for line in process.stdout if line.endswith("\n")]
        process.wait()
        count = db.read_now(
            lambda read: read.execute(select(func.count()).select_from(table("kept"))).scalar_one()
        )
        assert kept + len(answered) <= count <= kept + len(answered) + 1
        kept = count
    db.close()
