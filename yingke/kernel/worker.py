"""Doing the jobs: claims rows, runs their functions on the event loop, keeps the leases, records what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Collection
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from yingke.kernel import jobs
from yingke.kernel.bus import Bus
from yingke.kernel.clock import SECOND, Clock
from yingke.kernel.db import Database, Tx
from yingke.kernel.errors import Problem, Unavailable
from yingke.kernel.jobs import Claimed, Kind, LeaseLost
from yingke.kernel.rights import Actor
from yingke.kernel.secure import redact

log = logging.getLogger(__name__)

POLL = 5.0  # seconds, when the bus is silent
MAX_BACKOFF = 3600.0  # seconds between attempts
LAST_CALL = 2.0  # seconds a cancelled job has to end
RECORDINGS = 5  # times a record is tried when the database does not say whether it was kept

P = ParamSpec("P")
T = TypeVar("T")


class _Run:
    """One attempt at a job: its JobContext."""

    def __init__(self, db: Database, found: Claimed, kind: Kind) -> None:
        self.db = db
        self.kind = kind
        self.name = found.name
        self.args = found.args
        self.id = found.id
        self.held = (found.id, found.claim)
        self.key = f"job-{found.id}-{found.created_at}"
        self.attempt = found.attempts
        self.last = found.attempts >= kind.attempts
        self.finished = False

    async def finish(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def effect(tx: Tx) -> T:
            if args and isinstance(args[0], Actor):
                tx.actor = args[0]
            if not jobs.record_done(tx, self.held):
                raise LeaseLost(f"job {self.id} is no longer ours")
            return fn(tx, *args, **kwargs)

        answer = await _surely(self.db, effect)
        self.finished = True
        return answer


async def _surely(db: Database, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Write behind, again where it is not known whether it was kept: a second record of the same claim is refused."""
    for attempt in range(1, RECORDINGS):
        try:
            return await db.write_behind(fn, *args, **kwargs)
        except Unavailable:
            await asyncio.sleep(0.1 * 2**attempt)
    return await db.write_behind(fn, *args, **kwargs)


class Worker:
    """The jobs of one process.

    concurrency: how many run side by side. queues: None for all. rng: for the jitter of retries.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        clock: Clock,
        concurrency: int = 16,
        *,
        queues: Collection[str] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._concurrency = concurrency
        self._queues = queues
        self._rng = rng or random.Random()
        self._runs: dict[asyncio.Task[None], _Run] = {}
        self._woken = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        bus.on_wake(self._on_wake)

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._claim_loop()), asyncio.create_task(self._lease_loop())]

    async def stop(self, grace: float = 3.0) -> None:
        """Claim nothing more, wait `grace` seconds for what runs, then interrupt it and give it back."""
        self._stopping = True
        self._woken.set()
        if self._tasks:
            await self._tasks[0]
        if self._runs:
            await asyncio.wait(self._runs, timeout=grace)
        for task in self._runs:
            task.cancel()
        if self._runs:
            await asyncio.wait(self._runs, timeout=LAST_CALL)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_wake(self, name: str) -> None:
        if name == jobs.WAKE:
            self._woken.set()

    async def _claim_loop(self) -> None:
        while not self._stopping:
            self._woken.clear()
            wait = POLL
            free = self._concurrency - len(self._runs)
            if free and jobs.kinds():
                try:
                    wait = await self._claim(free)
                except Exception:
                    log.exception("no jobs could be claimed")
                    wait = 1.0
            if wait > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # wait_for of Python 3.11 may swallow a cancellation
                        await self._woken.wait()

    async def _claim(self, free: int) -> float:
        """Begin what is due; answers the seconds until there may be more."""
        names = tuple(jobs.kinds())
        found = await self._db.write_behind(jobs.claim, names, self._queues, free)
        for one in found:
            run = _Run(self._db, one, jobs.kinds()[one.name])
            task = asyncio.create_task(self._run(run), name=f"job {one.id} {one.name}")
            self._runs[task] = run
            task.add_done_callback(self._ended)
        if len(found) == free:  # the next one goes when one of these ends
            return POLL
        due = await self._db.read(jobs.next_due, names, self._queues)
        return POLL if due is None else min(POLL, max(0.0, (due - self._clock()) / SECOND))

    def _ended(self, task: asyncio.Task[None]) -> None:
        run = self._runs.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the end of job %d %s was not recorded", run.id, run.name, exc_info=error)
        self._woken.set()

    async def _run(self, run: _Run) -> None:
        try:
            args: Any = msgspec.json.decode(run.args, type=run.kind.args)
        except msgspec.DecodeError as error:  # another attempt reads the same
            await _surely(self._db, jobs.record_failure, run.held, f"args: {error}", 0.0, True)
            return
        try:
            async with asyncio.timeout(run.kind.timeout):
                await run.kind.fn(run, args)
            if not run.finished:
                await _surely(self._db, jobs.record_done, run.held)
        except asyncio.CancelledError:
            if self._stopping and not run.finished:
                await _surely(self._db, jobs.give_back, run.held)
        except LeaseLost:
            log.warning("job %d %s was taken over while it ran here", run.id, run.name)
        except Exception as error:
            log.warning("job %d %s failed at attempt %d", run.id, run.name, run.attempt, exc_info=True)
            if not run.finished:
                what = redact(f"{type(error).__name__}: {error}")
                await _surely(
                    self._db, jobs.record_failure, run.held, what, self._delay(run, error), run.last
                )

    def _delay(self, run: _Run, error: Exception) -> float:
        """Seconds to the next attempt: doubled each time, spread by half, not before who refused said."""
        asked = error.retry_after if isinstance(error, Problem) else None
        delay = min(MAX_BACKOFF, run.kind.backoff * 2.0 ** (run.attempt - 1))
        return max(asked or 0.0, delay * self._rng.uniform(0.5, 1.5))

    async def _lease_loop(self) -> None:
        """Extend the leases of what runs three times within each."""
        while True:
            await asyncio.sleep(min([kind.lease / 3 for kind in jobs.kinds().values()], default=1.0))
            held = {run.id: task for task, run in self._runs.items() if not run.finished}
            if not held:
                continue
            asked = [(*self._runs[task].held, self._runs[task].kind.lease) for task in held.values()]
            try:
                kept = await self._db.write_behind(jobs.extend, asked)
            except Exception:
                log.exception("leases could not be extended")
                continue
            for id_, task in held.items():
                run = self._runs.get(task)
                if id_ not in kept and run is not None and not run.finished and not task.done():
                    log.warning("job %d %s lost its lease", id_, run.name)
                    task.cancel()
