"""Running calls inside a transaction, so that one that fails takes nobody along."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from sqlalchemy import Connection

from yingke.kernel.entries import Entry, join_payload, join_words
from yingke.kernel.tx import Batched, Call, Dialect, Tx

log = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()


def columns(entry: Entry) -> tuple[Any, ...]:
    """An entry as the journal's columns from `at` on."""
    return (
        entry.at,
        entry.kind,
        entry.v,
        entry.stream,
        entry.subject,
        entry.actor,
        entry.cause,
        entry.customer_id,
        join_words(entry.reguard),
        (entry.fact if isinstance(entry.fact, bytes) else _encoder.encode(entry.fact)).decode(),
        join_payload(entry.staff),
        join_payload(entry.visitor),
    )


def run_alone(
    conn: Connection, dialect: Dialect, now: int, calls: list[Call], entries: list[Entry], wakes: set[str]
) -> None:
    """Run one call, or several of the same batched action, in a savepoint of their own.

    Each call gets its `answer`, a refusal or failure as the exception. What was emitted is added to `entries` only when
    the savepoint holds. A batched action that raises is run again call by call.
    """
    tx = Tx(conn, dialect, now)
    conn.exec_driver_sql("SAVEPOINT one")
    try:
        fn = calls[0].fn
        if isinstance(fn, Batched):
            answers = fn.many(tx, [call.args[0] for call in calls])
            if len(answers) != len(calls):
                raise RuntimeError(f"{fn.__name__} gave {len(answers)} answers to {len(calls)} calls")
            for call, answer in zip(calls, answers, strict=True):
                call.answer = answer
        else:
            (call,) = calls
            call.answer = call.run(tx)
        for entry in tx.entries:
            entry.row = columns(entry)  # what cannot be written fails here, alone
    except BaseException as error:  # whatever an action raises is its caller's; the thread goes on
        if isinstance(error, Exception) and must_retry(error):
            raise
        conn.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
        conn.exec_driver_sql("RELEASE SAVEPOINT one")
        if len(calls) > 1:
            log.warning("a batch of %d was split after %r", len(calls), error)
            for call in calls:
                run_alone(conn, dialect, now, [call], entries, wakes)
            return
        calls[0].answer = error
        return
    conn.exec_driver_sql("RELEASE SAVEPOINT one")
    entries.extend(tx.entries)
    wakes |= tx.wakes


def must_retry(error: Exception) -> bool:
    """Whether PostgreSQL asks for the whole transaction to be run again: serialization failure, deadlock."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state in ("40001", "40P01")
