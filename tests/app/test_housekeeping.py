"""What is swept away by itself, and what is not."""

from __future__ import annotations

from sqlalchemy import func, insert, select

from tests.support.clock import FakeClock
from yingke.app import housekeeping, wiring
from yingke.kernel import commands, jobs
from yingke.kernel.clock import DAY
from yingke.kernel.db import Database

assert wiring.DECLARING


def receipts(db: Database) -> int:
    return int(
        db.read_now(
            lambda read: read.execute(select(func.count()).select_from(commands.receipt)).scalar_one()
        )
    )


def test_one_round_at_a_time_is_planned_however_often_it_is_asked(db: Database, clock: FakeClock) -> None:
    for _ in range(3):
        db.write_now(housekeeping.plan)
    due = db.read_now(jobs.next_due, [housekeeping.NAME], None)
    assert due == clock() + housekeeping.EVERY


def test_old_receipts_go_in_pieces_and_fresh_ones_stay(db: Database, clock: FakeClock) -> None:
    old = [
        {
            "actor": "staff:1",
            "client_id": f"old-{n:06d}",
            "digest": b"",
            "answer": "{}",
            "at": clock() - 8 * DAY,
        }
        for n in range(housekeeping.PIECE + 5)
    ]
    fresh = {**old[0], "client_id": "fresh-01", "at": clock()}
    db.write_now(lambda tx: tx.execute(insert(commands.receipt), [*old, fresh]))
    db.write_now(housekeeping.sweep)
    assert receipts(db) == 6
    claimed = db.write_now(jobs.claim, [housekeeping.NAME], None, 5)
    assert len(claimed) == 1, "it goes on at once"
