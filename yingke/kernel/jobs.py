"""Slow and outside work, kept as rows and done after the transaction that asked for it.

    jobs.enqueue(tx, "mail.send", SendMail(message_id=7), once_key="mail:7", lock="mailbox:1")

    @job("mail.send", attempts=8)
    async def send_mail(ctx: JobContext, args: SendMail) -> None:
        receipt = await smtp.send(...)  # outside, between two transactions
        await ctx.finish(actions.mail_sent, args.message_id, receipt)

Claim, call, record. A job is begun at least once. What `ctx.finish` writes is written once, since the record is
refused to a worker that has lost its lease; the outside can know a repetition by `ctx.key`. `kernel.worker` runs them.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar, cast, get_type_hints

import msgspec
from sqlalchemy import (
    ColumnElement,
    Index,
    Integer,
    Row,
    Text,
    case,
    delete,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    tuple_,
    update,
)

from yingke.kernel.clock import DAY, SECOND
from yingke.kernel.db import Read, Sql, Tx, batched
from yingke.kernel.errors import NotFound, Refused
from yingke.kernel.schema import Column, Micros, Table, id_column, metadata

KEPT = 7 * DAY  # how long done jobs can be looked at
WAKE = "jobs"
LOST = "the worker was lost"


def _index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


table = Table(
    "job",
    metadata,
    id_column(),
    Column("queue", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("args", Text, nullable=False),  # JSON
    Column("created_at", Micros, nullable=False),
    Column("run_at", Micros, nullable=False),
    Column("state", Text, nullable=False),  # waiting, running, done, failed
    Column("attempts", Integer, nullable=False),  # begun so far
    Column(
        "claim", Integer, nullable=False
    ),  # one more with each claim: by it a worker that lost its lease is known
    Column("lock", Text),
    Column("once_key", Text),
    Column("lease_until", Micros),
    Column("finished_at", Micros),
    Column("error", Text),  # of the last attempt
    _index("ix_job_waiting", "run_at", "id", where="state = 'waiting'"),
    _index("ix_job_queued", "lock", "run_at", "id", where="state = 'waiting' AND lock IS NOT NULL"),
    _index("ix_job_running", "lease_until", where="state = 'running'"),
    _index("ix_job_done", "finished_at", where="state = 'done'"),
    _index("ix_job_failed", "id", where="state = 'failed'"),
    _index("uq_job_lock", "lock", where="state = 'running' AND lock IS NOT NULL", unique=True),
    _index(
        "uq_job_once_key",
        "once_key",
        where="state IN ('waiting', 'running') AND once_key IS NOT NULL",
        unique=True,
    ),
)
c = table.c


def _is(state: str, of: Any = c.state) -> ColumnElement[bool]:
    # A literal, so that a prepared statement is seen to fit the partial index.
    return of == literal_column(f"'{state}'")  # type: ignore[no-any-return]


# --- asking for one --------------------------------------------------------------------------------------------------

_ENQUEUE = Sql(
    "INSERT INTO job (queue, name, args, created_at, run_at, lock, once_key, state, attempts, claim)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', 0, 0) ON CONFLICT (once_key)"
    " WHERE state IN ('waiting', 'running') AND once_key IS NOT NULL DO NOTHING RETURNING id",
    "INSERT INTO job (queue, name, args, created_at, run_at, lock, once_key, state, attempts, claim)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, 'waiting', 0, 0) ON CONFLICT (once_key)"
    " WHERE state IN ('waiting', 'running') AND once_key IS NOT NULL DO NOTHING RETURNING id",
)


def enqueue(
    tx: Tx,
    name: str,
    args: msgspec.Struct | Mapping[str, Any],
    *,
    queue: str = "default",
    run_at: int | None = None,
    once_key: str | None = None,
    lock: str | None = None,
) -> int | None:
    """Have a job done once this transaction is kept.

    run_at: microseconds UTC, not before. lock: jobs with the same never run at the same time. once_key: while one with
    it is unfinished no other is made, and the answer is None. Otherwise the job's id.
    """
    body = msgspec.json.encode(args).decode()
    at = tx.now if run_at is None else run_at
    made = tx.run(_ENQUEUE, (queue, name, body, tx.now, at, lock, once_key))
    if not made:
        return None
    tx.wake(WAKE)
    return cast(int, made[0][0])


# --- what there is to do ---------------------------------------------------------------------------------------------

A = TypeVar("A", bound=msgspec.Struct, contravariant=True)
P = ParamSpec("P")
T = TypeVar("T")


class JobContext(Protocol):
    """What a job knows of itself."""

    id: int
    key: str  # the same at every attempt: for the outside to know a repetition by
    attempt: int  # from 1
    last: bool  # whether failing now is final

    async def finish(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Mark the job done and write its effect, in one transaction, once.

        Raises LeaseLost, and writes nothing, when the job is no longer this worker's.
        """
        ...


class LeaseLost(Exception):
    """Another worker may have taken the job: whatever this one found out is not to be written."""


class Kind(NamedTuple):
    """A job that can be done here. Times in seconds."""

    fn: Callable[[JobContext, Any], Awaitable[None]]
    args: type[msgspec.Struct]
    attempts: int
    lease: float
    timeout: float
    backoff: float


_kinds: dict[str, Kind] = {}


def kinds() -> Mapping[str, Kind]:
    """Every job declared by the modules imported so far."""
    return _kinds


JobFunction = Callable[[JobContext, A], Awaitable[None]]


def job(
    name: str, *, attempts: int = 8, lease: float = 60.0, timeout: float = 600.0, backoff: float = 5.0
) -> Callable[[JobFunction[A]], JobFunction[A]]:
    """Declare `async def f(ctx: JobContext, args: SomeStruct)` as what does the jobs of this name.

    lease: seconds until others take it when this process dies; it is extended while the job runs. timeout: seconds an
    attempt may take. backoff: seconds before the second attempt, doubled with each one after.
    """

    def register(fn: JobFunction[A]) -> JobFunction[A]:
        if name in _kinds:
            raise ValueError(f"job {name} is declared twice")
        hints = get_type_hints(fn)
        args = hints[list(inspect.signature(fn).parameters)[1]]
        _kinds[name] = Kind(fn, args, attempts, lease, timeout, backoff)
        return fn

    return register


# --- claim -----------------------------------------------------------------------------------------------------------


class Claimed(NamedTuple):
    """A job that is ours until its lease ends."""

    id: int
    claim: int
    name: str
    args: str
    attempts: int
    created_at: int


def claim(tx: Tx, names: Collection[str], queues: Collection[str] | None, limit: int) -> list[Claimed]:
    """Take up to `limit` jobs that are due, the longest due first. `queues` None is all of them."""
    _free_expired(tx, names)
    due = select(c.id, c.lock).where(
        _is("waiting"), c.run_at <= tx.now, _mine(names, queues), _unlocked(tx.now)
    )
    due = due.order_by(c.run_at, c.id).limit(limit).with_for_update(skip_locked=True)
    found = {row.id: row.lock for row in tx.execute(due)}
    free = _take_locks(tx, {lock for lock in found.values() if lock is not None})
    ids = [id_ for id_, lock in found.items() if lock is None or lock in free]
    if not ids:
        return []
    until = {name: literal(tx.now + round(_kinds[name].lease * SECOND), Micros) for name in names}
    taken = tx.execute(
        update(table)
        .where(c.id.in_(ids))
        .values(
            state="running", attempts=c.attempts + 1, claim=c.claim + 1, lease_until=case(until, value=c.name)
        )
        .returning(c.id, c.claim, c.name, c.args, c.attempts, c.created_at)
    )
    return sorted((Claimed(*tuple(row)) for row in taken), key=lambda one: ids.index(one.id))


def _mine(names: Collection[str], queues: Collection[str] | None) -> ColumnElement[bool]:
    mine = c.name.in_(names)
    return mine if queues is None else mine & c.queue.in_(queues)


def _unlocked(now: int) -> ColumnElement[bool]:
    """Without a lock, or the first due of its lock while none runs: a long queue for one lock hides nobody else."""
    other = table.alias("other")
    first = ~exists().where(
        other.c.lock == c.lock,
        _is("waiting", other.c.state),
        other.c.run_at <= now,
        tuple_(other.c.run_at, other.c.id) < tuple_(c.run_at, c.id),
    )
    runs = exists().where(other.c.lock == c.lock, _is("running", other.c.state))
    return or_(c.lock.is_(None), first & ~runs)


_TRY_LOCKS = Sql(
    "",
    "SELECT name, pg_try_advisory_xact_lock(hashtextextended('job:' || name, 0)) FROM unnest(%s::text[]) AS name",
)


def _take_locks(tx: Tx, locks: Collection[str]) -> Collection[str]:
    """The locks that nobody else claims for at this moment and that no running job holds."""
    if not locks or tx.dialect == "sqlite":  # the write lock is held, and `_unlocked` has seen all there is
        return locks
    got = {lock for lock, taken in tx.run(_TRY_LOCKS, (list(locks),)) if taken}
    # Seen only now: a view as of after the lock, with whatever its last holder has committed.
    return got - set(tx.execute(select(c.lock).where(_is("running"), c.lock.in_(got))).scalars())


def _free_expired(tx: Tx, names: Collection[str]) -> None:
    expired = select(table).where(_is("running"), c.lease_until <= tx.now, c.name.in_(names)).order_by(c.id)
    for row in tx.execute(expired.limit(100).with_for_update(skip_locked=True)).all():
        _fail(tx, row, LOST, 0.0, final=row.attempts >= _kinds[row.name].attempts)


def next_due(read: Read, names: Collection[str], queues: Collection[str] | None) -> int | None:
    """When there will be something to claim, if nothing happens before."""
    starts = select(func.min(c.run_at)).where(_is("waiting"), c.run_at > read.now, _mine(names, queues))
    ends = select(func.min(c.lease_until)).where(_is("running"), c.name.in_(names))
    return min(
        (at for at in (read.execute(starts).scalar(), read.execute(ends).scalar()) if at is not None),
        default=None,
    )


# --- record ----------------------------------------------------------------------------------------------------------

Held = tuple[int, int]  # (id, claim)


@batched
def record_done(tx: Tx, calls: Sequence[Held]) -> list[bool]:
    """Mark jobs done; for each whether it still was this worker's."""
    done = tx.execute(
        update(table)
        .where(_held(calls))
        .values(state="done", finished_at=tx.now, lease_until=null(), error=null())
        .returning(c.id, c.lock)
    ).all()
    if any(row.lock is not None for row in done):
        tx.wake(WAKE)  # somebody may wait for it
    ids = {row.id for row in done}
    return [id_ in ids for id_, _ in calls]


def record_failure(tx: Tx, held: Held, error: str, delay: float, final: bool) -> bool:
    """Put the job back, not before `delay` seconds from now, or with `final` aside as failed."""
    row = tx.execute(select(table).where(_held([held])).with_for_update()).first()
    if row is not None:
        _fail(tx, row, error, delay, final=final)
    return row is not None


def give_back(tx: Tx, held: Held) -> bool:
    """Put an interrupted job back as if it had not been begun."""
    freed = tx.execute(
        update(table)
        .where(_held([held]))
        .values(state="waiting", attempts=c.attempts - 1, run_at=tx.now, lease_until=null())
    )
    tx.wake(WAKE)
    return freed.rowcount == 1


def extend(tx: Tx, held: Sequence[tuple[int, int, float]]) -> set[int]:
    """Prolong leases, (id, claim, seconds) each; answers the ids that still are this worker's."""
    until = {id_: literal(tx.now + round(seconds * SECOND), Micros) for id_, _, seconds in held}
    kept = tx.execute(
        update(table)
        .where(_held([(id_, claim_) for id_, claim_, _ in held]))
        .values(lease_until=case(until, value=c.id))
        .returning(c.id)
    )
    return set(kept.scalars())


def _held(held: Sequence[Held]) -> ColumnElement[bool]:
    return c.id.in_([id_ for id_, _ in held]) & tuple_(c.id, c.claim).in_(held) & _is("running")


def _fail(tx: Tx, row: Row[Any], error: str, delay: float, *, final: bool) -> None:
    values: dict[str, Any] = {"lease_until": None, "error": error.replace("\0", "")[:2000]}
    if final:
        values |= {"state": "failed", "finished_at": tx.now}
    else:
        values |= {"state": "waiting", "run_at": tx.now + round(delay * SECOND)}
    tx.update(table, row.id, **values)
    tx.wake(WAKE)


# --- the administrator's view ----------------------------------------------------------------------------------------


class FailedJob(msgspec.Struct, frozen=True):
    """A job that was given up, with what went wrong last. Times: microseconds UTC."""

    id: int
    queue: str
    name: str
    args: str
    attempts: int
    created_at: int
    failed_at: int
    error: str


def list_failed(read: Read, *, before: int | None = None, limit: int = 50) -> list[FailedJob]:
    """Failed jobs, newest first, `before` an id."""
    rows = select(c.id, c.queue, c.name, c.args, c.attempts, c.created_at, c.finished_at, c.error)
    rows = rows.where(_is("failed")).order_by(c.id.desc()).limit(limit)
    found = read.execute(rows if before is None else rows.where(c.id < before))
    return [FailedJob(*tuple(row)) for row in found]


def retry(tx: Tx, id_: int) -> None:
    """Begin a failed job anew, with all its attempts.

    Raises NotFound, or Refused where another with its `once_key` is waiting or running already.
    """
    row = tx.execute(select(table).where(c.id == id_, _is("failed")).with_for_update()).first()
    if row is None:
        raise NotFound()
    same = select(c.id).where(c.once_key == row.once_key, or_(_is("waiting"), _is("running")))
    if row.once_key and tx.execute(same).first():
        raise Refused("job_waits_already", {"once_key": row.once_key})
    tx.update(table, id_, state="waiting", attempts=0, run_at=tx.now, finished_at=None)
    tx.wake(WAKE)


def trim(tx: Tx, limit: int = 1000) -> int:
    """Remove at most `limit` jobs done longer than `KEPT` ago; failed ones stay. Answers how many."""
    old = select(c.id).where(_is("done"), c.finished_at < tx.now - KEPT).order_by(c.finished_at).limit(limit)
    return tx.execute(delete(table).where(c.id.in_(old.scalar_subquery()))).rowcount


def count_failed(read: Read) -> int:
    """How many jobs have had their last attempt."""
    return cast(int, read.execute(select(func.count(c.id)).where(_is("failed"))).scalar_one())
