"""Reactions: each effect once, a bad entry parked with what follows it, and nobody else kept waiting."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from tests.kernel.reading import Heard, Said, bond, effect, effects, own, parked, place, react, read_on, say
from tests.support.clock import FakeClock
from tests.support.facts import written
from yingke.kernel import entries, journal, reactions
from yingke.kernel.db import Database, Tx
from yingke.kernel.entries import START, Entry, Event, nobody
from yingke.kernel.errors import NotFound, Unavailable
from yingke.kernel.journal import on, on_many
from yingke.kernel.reactions import BEHIND

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("own")
__all__ = ["own"]


# --- once ------------------------------------------------------------------------------------------------------------


def test_each_fact_has_its_effect_once_and_in_order(db: Database) -> None:
    react("r")
    react("other")
    for n in range(5):
        say(db, n, f"s{n % 2}")
    for _ in range(2):
        read_on(db)
        assert effects(db, "r") == effects(db, "other") == [0, 1, 2, 3, 4]
    say(db, 5)
    read_on(db)
    assert effects(db) == [0, 1, 2, 3, 4, 5]
    assert place(db) == max(entry.cursor for entry in written(db))


def test_more_than_a_batch_is_read_in_several_transactions(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "BATCH", 3)
    react()
    for n in range(8):
        say(db, n)
    read_on(db)
    assert effects(db) == list(range(8))


def test_a_commit_that_fails_takes_back_effect_and_cursor_alike(db: Database) -> None:
    break_commit = [True]

    @on(Said, reader="r")
    def keep(tx: Tx, entry: Entry, fact: Said) -> None:
        tx.insert(effect, reader="r", n=fact.n)
        if break_commit:
            tx.insert(bond, effect_id=4711)

    say(db, 1)
    with pytest.raises(Unavailable):
        read_on(db)
    assert (effects(db), place(db), parked(db)) == ([], START, [])
    break_commit.clear()
    read_on(db)
    assert effects(db) == [1]


DIES = """
import os, signal, sys
from tests.kernel import reading as t
db = t.Database(sys.argv[1])
@t.on(t.Said, reader="r")
def keep(tx, entry, fact):
    tx.insert(t.effect, reader="r", n=fact.n)
    if fact.n == 2:
        os.kill(os.getpid(), signal.SIGKILL)
db.write_now(t.reactions.prepare)
while True:
    db.write_now(t.reactions.step)
"""


def test_a_process_that_dies_between_effect_and_commit_leaves_neither(db: Database) -> None:
    for n in range(3):
        say(db, n)
    url = db.url.render_as_string(hide_password=False)
    died = subprocess.run([sys.executable, "-c", DIES, url], cwd=ROOT, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    assert (effects(db), place(db)) == ([], START)
    react()
    read_on(db)
    assert effects(db) == [0, 1, 2]


def test_two_processes_never_do_it_twice(db: Database) -> None:
    @on(Said, reader="r")
    def keep(tx: Tx, entry: Entry, fact: Said) -> None:
        if fact.n % 7 == 0:
            time.sleep(0.001)
        tx.insert(effect, reader="r", n=fact.n)

    other = Database(db.url.render_as_string(hide_password=False))
    db.write_now(reactions.prepare)
    threads = [threading.Thread(target=read_on, args=(one,)) for one in (db, other, db, other)]
    for n in range(40):
        say(db, n, f"s{n % 3}")
    for thread in threads:
        thread.start()
    for n in range(40, 80):
        say(other, n, f"s{n % 3}")
    for thread in threads:
        thread.join()
    read_on(db)
    other.close()
    assert sorted(effects(db)) == list(range(80))
    assert parked(db) == []


def test_a_new_reader_begins_at_the_start_of_what_is_kept(db: Database) -> None:
    react("first")
    for n in range(3):
        say(db, n)
    read_on(db)
    react("second")
    read_on(db)
    assert effects(db, "second") == [0, 1, 2]
    assert effects(db, "first") == [0, 1, 2], "and the first does nothing again"


def test_facts_of_a_reaction_say_what_caused_them(db: Database) -> None:
    react()
    say(db, 1)
    say(db, 2)
    read_on(db)
    causes = {entry.pos: entry.event() for entry in written(db)}
    heard = {fact: entry.cause for entry in written(db) if isinstance(fact := entry.event(), Heard)}
    assert {fact.n: causes[cause or 0] for fact, cause in heard.items()} == {1: Said(1), 2: Said(2)}
    db.write_now(lambda tx: tx.emit(Heard(9), to=nobody("x")))
    assert written(db)[-1].cause is None


def test_a_fact_nobody_knows_any_more_is_passed_over(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    react()
    say(db, 1)
    monkeypatch.delitem(entries._events, ("test.said", 1))
    read_on(db)
    assert (effects(db), parked(db)) == ([], [])
    assert place(db) == written(db)[0].cursor


def test_a_fact_that_cannot_be_read_is_parked(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class Changed(Event, frozen=True):
        n: str

    react()
    say(db, 1)
    monkeypatch.setitem(entries._events, ("test.said", 1), Changed)
    read_on(db)
    ((_, stream, waiting, error),) = parked(db)
    assert (stream, waiting) == ("s", 1)
    assert error.startswith("ValidationError")


def test_two_reactions_of_one_reader_to_one_fact_are_a_mistake() -> None:
    react()
    with pytest.raises(ValueError, match="already reacts"):
        react()


# --- parked ----------------------------------------------------------------------------------------------------------


def test_a_bad_entry_parks_its_stream_for_that_reader_alone(db: Database, clock: FakeClock) -> None:
    react("r", bad=[2])
    react("other")
    for n, stream in ((1, "a"), (2, "a"), (3, "b"), (4, "a"), (5, "b")):
        say(db, n, stream)
    read_on(db)
    assert effects(db, "r") == [1, 3, 5], "the other stream goes on"
    assert effects(db, "other") == [1, 2, 3, 4, 5], "the other reader goes on"
    assert parked(db) == [("r", "a", 2, "ValueError: number 2")]
    assert db.read_now(reactions.list_parked)[0].since == clock()
    stated = [entry.event() for entry in written(db) if entry.stream == "heard r"]
    assert stated == [Heard(1), Heard(3), Heard(5)], "what the failed one stated is taken back"
    say(db, 6, "a")
    read_on(db)
    assert effects(db, "r") == [1, 3, 5], "later entries of the stream wait behind it"
    assert parked(db) == [("r", "a", 3, "ValueError: number 2")]
    assert db.read_now(reactions.count_parked) == 3


def test_it_is_tried_again_in_order_and_stops_at_the_next_failure(db: Database) -> None:
    trouble = react("r", bad=[2, 4])
    for n in range(1, 7):
        say(db, n, "a")
    read_on(db)
    assert effects(db) == [1]
    assert db.write_now(reactions.retry_parked, "r", "a") == 0
    assert parked(db) == [("r", "a", 5, "ValueError: number 2")]
    trouble.remove(2)
    assert db.write_now(reactions.retry_parked, "r", "a") == 2
    assert effects(db) == [1, 2, 3]
    assert parked(db) == [("r", "a", 3, "ValueError: number 4")]
    trouble.clear()
    assert db.write_now(reactions.retry_parked, "r", "a") == 3
    assert (effects(db), parked(db)) == ([1, 2, 3, 4, 5, 6], [])
    say(db, 7, "a")
    read_on(db)
    assert effects(db)[-1] == 7, "the stream goes on by itself"


def test_what_is_not_parked_cannot_be_tried_again(db: Database) -> None:
    react()
    for reader, stream in (("r", "a"), ("nobody", "a")):
        with pytest.raises(NotFound):
            db.write_now(reactions.retry_parked, reader, stream)


def test_what_waits_behind_says_so(db: Database) -> None:
    react("r", bad=[1])
    say(db, 1)
    say(db, 2)
    read_on(db)
    errors = db.read_now(lambda read: read.execute(select(journal.journal_parked.c.error)).scalars().all())
    assert errors == ["ValueError: number 1", BEHIND]


# --- batched ---------------------------------------------------------------------------------------------------------


def react_many(bad: Sequence[int] = ()) -> list[list[int]]:
    """A batched reader; answers the batches it is handed."""
    handed: list[list[int]] = []

    @on_many(Said, reader="r")
    def keep(tx: Tx, batch: Sequence[tuple[Entry, Said]]) -> None:
        handed.append([fact.n for _, fact in batch])
        tx.execute(insert(effect), [{"reader": "r", "n": fact.n} for _, fact in batch])
        if set(bad) & set(handed[-1]):
            raise ValueError("one of them")

    return handed


def test_a_batched_reaction_is_handed_neighbours_at_once(db: Database) -> None:
    handed = react_many()
    singles: list[int] = []

    @on(Heard, reader="r")
    def hear(tx: Tx, entry: Entry, fact: Heard) -> None:
        singles.append(fact.n)
        tx.insert(effect, reader="r", n=fact.n)

    for n in (1, 2):
        say(db, n)
    say(db, 3, fact=Heard)
    for n in (4, 5):
        say(db, n)
    read_on(db)
    assert effects(db) == [1, 2, 3, 4, 5], "in the journal's order"
    if db.dialect == "sqlite":  # on PostgreSQL they may come piece by piece
        assert (handed, singles) == ([[1, 2], [4, 5]], [3])


def test_the_bad_one_of_a_batch_is_found_and_parked_alone(db: Database) -> None:
    react_many(bad=[3])
    for n, stream in ((1, "a"), (2, "b"), (3, "a"), (4, "b"), (5, "a")):
        say(db, n, stream)
    read_on(db)
    assert effects(db) == [1, 2, 4]
    assert parked(db) == [("r", "a", 2, "ValueError: one of them")]
    assert db.read_now(lambda read: read.execute(select(func.count()).select_from(effect)).scalar()) == 3


# --- what the database asks for --------------------------------------------------------------------------------------


@pytest.mark.postgresql
@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_serialization_failure_is_run_again_and_parks_nothing(db: Database) -> None:
    runs: list[int] = []

    @on(Said, reader="r")
    def keep(tx: Tx, entry: Entry, fact: Said) -> None:
        tx.insert(effect, reader="r", n=fact.n)
        runs.append(fact.n)
        if len(runs) < 3:
            tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$"))

    say(db, 1)
    read_on(db)
    assert (runs, effects(db), parked(db)) == ([1, 1, 1], [1], [])
