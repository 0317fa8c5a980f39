"""Starts the product with one deliberate fault: `python -m tests.faults.mutants NAME serve`.

Each mutant patches the very function that keeps the promise; nothing in the product knows of it. The kill test must
catch every one of them, or it would not catch the same fault made by accident.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

HELD = 0.03
"""Seconds between the two halves of what belongs together: a fault as wide as a slow disk would make it."""


def patch(where: Any, name: str, what: Any) -> None:
    """Fails at once when the product has no such thing any more: a mutant that changes nothing proves nothing."""
    assert hasattr(where, name), f"{where} has no {name}"
    setattr(where, name, what)


def ack_before_commit() -> None:
    """The answer to a message is given while its transaction is still open."""
    from yingke.kernel import postgresql, sqlite
    from yingke.kernel.group import run_alone
    from yingke.kernel.tx import Batched, Call, settle

    fill = sqlite.SqliteWriter._fill

    def answer_early(calls: Sequence[Call]) -> None:
        batched = [call for call in calls if isinstance(call.fn, Batched)]  # messages and marks
        if batched:
            settle(batched)
            time.sleep(HELD)

    def fill_and_settle(self: Any, conn: Any, now: int, started: float, done: list[Call], *rest: Any) -> None:
        fill(self, conn, now, started, done, *rest)
        answer_early(done)

    def run_and_settle(conn: Any, dialect: Any, now: int, calls: list[Call], *rest: Any) -> None:
        run_alone(conn, dialect, now, calls, *rest)
        answer_early(calls)

    patch(sqlite.SqliteWriter, "_fill", fill_and_settle)
    patch(postgresql, "run_alone", run_and_settle)


def no_deduplication() -> None:
    """A repeated id is taken for a new message, and a repeated command for a new one."""
    from yingke.kernel import commands
    from yingke.rooms.conversations import queries
    from yingke.rooms.conversations.actions import receive
    from yingke.rooms.conversations.actions.write import insert_messages as insert
    from yingke.rooms.conversations.models import Message

    def none_known(_tx: Any, _senders: Any) -> list[Any]:
        return []

    def insert_without_id(tx: Any, messages: Sequence[Message]) -> None:
        insert(tx, [msgspec.structs.replace(message, client_id=None) for message in messages])

    def always(
        tx: Any, who: Any, _id: str, _digest: bytes, fn: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        return fn(tx, who, *args, **kwargs)

    patch(queries, "known", none_known)
    patch(receive, "insert_messages", insert_without_id)
    patch(commands, "_once", always)


def cursor_before_effect() -> None:
    """Readers move their cursor in one transaction and have their effect in the next."""
    from yingke.kernel import reactions
    from yingke.kernel.entries import Cursor, Entry
    from yingke.kernel.journal import after, readers

    def move(tx: Any) -> tuple[dict[str, Cursor], list[Entry]] | None:
        places = {name: Cursor(xid, pos) for name, xid, pos in tx.run(reactions._LOCK) if name in readers()}
        entries = after(tx, min(places.values()), reactions.BATCH) if places else []
        if not entries:
            return None
        last = entries[-1].cursor
        tx.run_many(
            reactions._MOVE, [(last.xid, last.pos, name) for name, place in places.items() if place < last]
        )
        return places, entries

    def have_effect(tx: Any, taken: tuple[dict[str, Cursor], list[Entry]]) -> None:
        places, entries = taken
        for name, place in places.items():
            reader = readers()[name]
            wanted = [entry for entry in entries if entry.cursor > place and reader.wants(entry.kind)]
            reactions._run(tx, reader, wanted, set())

    async def loop(self: Any) -> None:
        while True:
            self._awake.clear()
            while taken := await self._db.write_behind(move):
                await asyncio.sleep(HELD)
                await self._db.write_behind(have_effect, taken)
            try:
                await asyncio.wait_for(self._awake.wait(), reactions.POLL)
            except TimeoutError:
                continue

    patch(reactions.ReaderLoop, "_loop", loop)


MUTANTS: dict[str, Callable[[], None]] = {
    "ack_before_commit": ack_before_commit,
    "no_deduplication": no_deduplication,
    "cursor_before_effect": cursor_before_effect,
}


def program(mutant: str) -> tuple[str, ...]:
    """What stands before `serve` to start it with this fault."""
    return (sys.executable, "-m", "tests.faults.mutants", mutant)


if __name__ == "__main__":
    MUTANTS[sys.argv[1]]()
    from yingke.app.cli import main

    sys.argv = ["yingke", *sys.argv[2:]]
    sys.exit(main())
