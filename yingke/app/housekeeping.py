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
PIECE = 200  # rows in one transaction

SWEEPS: tuple[Callable[[Tx, int], int], ...] = (journal.trim, commands.forget_receipts, jobs.trim)


class Housekeeping(msgspec.Struct, frozen=True):
    """Nothing has to be said."""


def plan(tx: Tx, after: int = EVERY) -> None:
    """See to it that the next round is planned, once however often this is called."""
    jobs.enqueue(tx, NAME, Housekeeping(), run_at=tx.now + after, once_key=NAME)


def sweep(tx: Tx) -> None:
    """Sweep one piece of each, and plan to go on: at once where something is left."""
    left = [one(tx, PIECE) == PIECE for one in SWEEPS]
    plan(tx, 0 if any(left) else EVERY)


@job(NAME)
async def housekeeping(ctx: JobContext, args: Housekeeping) -> None:
    """One piece."""
    await ctx.finish(sweep)
