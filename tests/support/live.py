"""A live screen equals a reloaded one: the proof, for whatever an action does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from tests.support.facts import written
from yingke.kernel import topics
from yingke.kernel.db import Database, Read
from yingke.kernel.entries import Entry
from yingke.kernel.errors import Problem
from yingke.kernel.rights import Actor
from yingke.live.replica import Replica

T = TypeVar("T")
Viewer = tuple[Actor, str]


class Screen:
    """A topic as one viewer's screen holds it: begun with a snapshot, then told what is committed."""

    def __init__(self, db: Database, who: Actor, name: str) -> None:
        self._db = db
        self.who = who
        self.name = name
        self.inner: Sequence[str] = ()
        self.held = Replica()
        self.denied = False
        self._begin()

    def _begin(self) -> None:
        try:
            self.inner, self.held = self._db.read_now(self._look)
            self.denied = False
        except Problem:
            self.inner, self.held, self.denied = (), Replica(), True

    def _look(self, read: Read) -> tuple[Sequence[str], Replica]:
        topic = topics.find(self.who, self.name)
        replica = Replica()
        inner = topic.guard(read, self.who, self.name)
        replica.hold(msgspec.to_builtins(topic.snapshot(read, self.who, self.name).rows))
        return inner, replica

    def hear(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if f"actor:{self.who.tag}" in entry.reguard or set(self.inner) & set(entry.reguard):
                self._begin()
                continue
            payload = entry.visitor if self.who.kind == "visitor" else entry.staff
            for topic, changes in payload.items():
                if topic in self.inner:
                    self.held.apply({"t": "change", "changes": msgspec.json.decode(changes), "cursor": "-"})

    def fresh(self) -> Screen:
        return Screen(self._db, self.who, self.name)

    def rows(self, kind: str) -> list[Any]:
        return self.held.all(kind)


def verify_live(db: Database, viewers: Sequence[Viewer], action: Callable[[], T]) -> tuple[T, list[Entry]]:
    """Snapshot for each viewer, run the action, apply its entries: each screen equals a fresh snapshot, also when the
    entries come once more. Answers what the action answered, and the entries it wrote."""
    screens = [Screen(db, who, name) for who, name in viewers]
    before = len(written(db))
    answer = action()
    entries = written(db)[before:]
    for screen in screens:
        for _ in range(2):
            screen.hear(entries)
            fresh = screen.fresh()
            assert screen.denied == fresh.denied, f"{screen.name} of {screen.who.tag}"
            assert screen.held.dump() == fresh.held.dump(), f"{screen.name} of {screen.who.tag}"
    return answer, entries
