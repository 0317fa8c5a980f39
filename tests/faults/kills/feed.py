"""A client's feed: one JSON line for everything it sent, heard and applied, in that order, with the time.

The time is CLOCK_MONOTONIC, which all processes of one machine share, so that feeds can be laid beside the kills.
"""

from __future__ import annotations

import json
import mmap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stranger import Command, Listener
from tests.stranger.wire import Json, Row

Line = dict[str, Any]
SENDS = ("send", "conversations.send", "conversations.note")
"""The commands that write a message."""


class Slots:
    """A byte for each client in a file all processes map: which of its messages is the oldest on the wire without an
    answer, as a number from 1 to 255 that goes round; 0 for none."""

    def __init__(self, path: Path, count: int) -> None:
        if not path.exists():
            path.write_bytes(bytes(count))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), count)
        self._count = count

    def set(self, slot: int, value: int) -> None:
        self._map[slot] = value

    def all(self) -> bytes:
        return self._map[: self._count]


class Recorder(Listener):
    """Writes the feed, each line at once, and keeps the client's slot."""

    def __init__(self, path: Path, slots: Slots, slot: int) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._slots = slots
        self._slot = slot
        self._on_the_wire: dict[str, int] = {}
        self._count = 0

    def note(self, what: str, **more: object) -> None:
        line = {"at": time.monotonic(), "what": what, **more}
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def made(self, command_id: str, name: str, text: str, conversation: str | None) -> None:
        """A message was written by its author, before it goes anywhere."""
        self.note("made", id=command_id, name=name, text=text, conversation=conversation)

    def sent(self, command: Command, way: str) -> None:
        if command.name in SENDS:
            self._wire(command.id, True)
        self.note("sent", id=command.id, name=command.name, way=way, tries=command.tries)

    def acked(self, command: Command, answer: Json) -> None:
        self._wire(command.id, False)
        self.note("ack", id=command.id, name=command.name, answer=answer)

    def refused(self, command: Command, problem: Json) -> None:
        self._wire(command.id, False)
        self.note("refused", id=command.id, name=command.name, problem=problem)

    def not_known(self, command: Command, reason: str) -> None:
        self._wire(command.id, False)
        self.note("not_known", id=command.id, reason=reason)

    def linked(self, transport: str) -> None:
        self.note("linked", transport=transport)

    def unlinked(self, transport: str, reason: str) -> None:
        self.note("unlinked", transport=transport, reason=reason)

    def snapshot(self, topic: str, rows: list[tuple[str, str, int, Row]], more: bool) -> None:
        self.note("snapshot", topic=topic, rows=rows, more=more)

    def resumed(self, topic: str) -> None:
        self.note("resumed", topic=topic)

    def put(self, topic: str, kind: str, key: str, rev: int, row: Row) -> None:
        self.note("put", topic=topic, kind=kind, key=key, rev=rev, row=row)

    def drop(self, topic: str, kind: str, key: str) -> None:
        self.note("drop", topic=topic, kind=kind, key=key)

    def denied(self, topic: str, problem: Json) -> None:
        self.note("denied", topic=topic, problem=problem)

    def _wire(self, command_id: str, on: bool) -> None:
        if on:
            self._count += 1
            self._on_the_wire.setdefault(command_id, self._count % 255 + 1)
        else:
            self._on_the_wire.pop(command_id, None)
        self._slots.set(self._slot, next(iter(self._on_the_wire.values()), 0))


@dataclass(frozen=True)
class Feed:
    """What one client recorded."""

    name: str
    role: str
    lines: list[Line]

    @classmethod
    def read(cls, path: Path, name: str, role: str) -> Feed:
        with path.open(encoding="utf-8") as file:
            return cls(name, role, [json.loads(line) for line in file])

    def of(self, *what: str) -> Iterator[Line]:
        return (line for line in self.lines if line["what"] in what)


def under_way(feeds: list[Feed], sent_by: float, until: float) -> list[str]:
    """The commands that were on the wire at one moment and still unanswered at a later one."""
    found: list[str] = []
    for feed in feeds:
        since: dict[str, float] = {}
        for line in feed.of("sent", "ack", "refused", "not_known"):
            if line["at"] > until:
                break
            if line["what"] == "sent":
                since[line["id"]] = line["at"]
            else:
                since.pop(line["id"], None)
        found.extend(id_ for id_, at in since.items() if at <= sent_by)
    return found
