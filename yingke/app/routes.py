"""The installation itself: is it well, and what could not go on by itself."""

from __future__ import annotations

from typing import Annotated

import msgspec

from yingke import __version__
from yingke.kernel import jobs, reactions
from yingke.kernel.commands import Context, command
from yingke.kernel.db import Read, Tx
from yingke.kernel.http import Db, Has, Page, Who, fetch
from yingke.kernel.journal import lag_seconds
from yingke.kernel.parse import Args, Count
from yingke.kernel.reactions import Parked
from yingke.kernel.rights import Actor, Scope, declare

MANAGE = declare("system.manage", administrator=Scope.ALL)


class Health(msgspec.Struct, frozen=True):
    """journal_lag_seconds: age of the oldest entry some reader has still to see. longest_ms: longest write."""

    status: str
    version: str
    database: str
    journal_lag_seconds: float
    parked: int
    failed_jobs: int
    longest_ms: float


Word = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,200}\Z")]


class RetryParked(Args, frozen=True):
    """As `list_parked` names them."""

    reader: Word
    stream: Word


class RetryJob(Args, frozen=True):
    job: Count


class Retried(msgspec.Struct, frozen=True):
    done: int


@fetch("/health", public=True, tags=["system"])
async def health(services: Has) -> Health:
    """Whether this process and its database work, for the operator's watch."""
    lag, parked, failed = await services.db.read(_state)
    return Health(
        status="ok",
        version=__version__,
        database=services.db.dialect,
        journal_lag_seconds=lag,
        parked=parked,
        failed_jobs=failed,
        longest_ms=round(services.db.longest_ms, 1),
    )


def _state(read: Read) -> tuple[float, int, int]:
    return lag_seconds(read), reactions.count_parked(read), jobs.count_failed(read)


@fetch("/api/v1/parked", right=MANAGE, tags=["system"])
async def list_parked(db: Db, who: Who) -> Page[Parked]:
    """What a reader could not go on with."""
    return Page(await db.read(reactions.list_parked))


@fetch("/api/v1/failed-jobs", right=MANAGE, tags=["system"])
async def list_failed_jobs(db: Db, who: Who) -> Page[jobs.FailedJob]:
    """Jobs that have had their last attempt."""
    return Page(await db.read(jobs.list_failed))


@command("system.retry_parked", viewer="staff", right=MANAGE)
async def retry_parked(ctx: Context, args: RetryParked) -> Retried:
    """Let a parked stream go on."""
    return await ctx.write(_retry_parked, args.reader, args.stream)


def _retry_parked(tx: Tx, who: Actor, reader: str, stream: str) -> Retried:
    return Retried(reactions.retry_parked(tx, reader, stream))


@command("system.retry_job", viewer="staff", right=MANAGE)
async def retry_job(ctx: Context, args: RetryJob) -> Retried:
    """Give a failed job another round of attempts."""
    return await ctx.write(_retry_job, args.job)


def _retry_job(tx: Tx, who: Actor, job_id: int) -> Retried:
    jobs.retry(tx, job_id)
    return Retried(1)


routes = [health, list_parked, list_failed_jobs]
