"""What has to be swept away now and then: journal, receipts, done jobs."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from yingke.kernel import commands, jobs, journal
from yingke.kernel.clock import HOUR
from yingke.kernel.db import Tx
from yingke.kernel.jobs import JobContext, job

NAME = "app.housekeeping"
EVERY = HOUR
PIECE = 500  # rows in one transaction

SWEEPS: tuple[Callable[[Tx, int], int], ...] = (journal.trim, commands.forget_receipts, jobs.trim)


class Housekeeping(msgspec.Struct, frozen=True):
    """Nothing has to be said."""


def plan(tx: Tx) -> None:
    """See to it that the next round is planned, once however often this is called."""
    jobs.enqueue(tx, NAME, Housekeeping(), run_at=tx.now + EVERY, once_key=NAME)


@job(NAME)
async def housekeeping(ctx: JobContext, args: Housekeeping) -> None:
    """Sweep in pieces until nothing is left, then plan the next round."""
    for sweep in SWEEPS:
        while await ctx.db.write_behind(sweep, PIECE) == PIECE:
            pass
    await ctx.finish(plan)
