"""The replica of one topic, kept as section 4 "Applying" says. Nothing here knows what the rows mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.stranger.wire import Json, Row


@dataclass(frozen=True)
class Held:
    rev: int
    row: Row


@dataclass
class Replica:
    """A map (type, key) -> (rev, row) and a cursor. The cursor is only handed back, never looked into."""

    topic: str
    cursor: str | None = None
    rows: dict[tuple[str, str], Held] = field(default_factory=dict)
    more: bool = False
    """Older rows exist than the snapshot holds."""
    begun: bool = False
    """On this connection a snapshot or `resumed` has come, so that a pong's cursor is this topic's too."""

    def snapshot(self, frame: Json) -> None:
        """Forget what is held and hold this."""
        self.rows = {(kind, key): Held(rev, row) for kind, key, rev, row, *_ in frame["rows"]}
        self.more = bool(frame.get("more", False))
        self.cursor = frame["cursor"]
        self.begun = True

    def change(self, frame: Json) -> Iterator[list[object]]:
        """Apply in order; yields the changes that changed something."""
        for verb, *rest in frame["changes"]:  # a verb or field of a newer server is ignored
            if verb == "put" and self._put(*rest[:4]):
                yield ["put", *rest[:4]]
            elif verb == "drop" and self._drop(*rest[:2]):
                yield ["drop", *rest[:2]]
        self.cursor = frame["cursor"]

    def resumed(self) -> None:
        self.begun = True

    def pong(self, cursor: str | None) -> None:
        """Null while the server cannot say how far it has sent."""
        if self.begun and cursor is not None:
            self.cursor = cursor

    def forget(self) -> None:
        self.rows.clear()
        self.cursor = None
        self.begun = False
        self.more = False

    def of(self, kind: str) -> dict[str, Row]:
        """The rows of one type, by key."""
        return {key: held.row for (type_, key), held in self.rows.items() if type_ == kind}

    def _put(self, kind: str, key: str, rev: int, row: Row) -> bool:
        held = self.rows.get((kind, key))
        if held is not None and held.rev >= rev:
            return False
        self.rows[kind, key] = Held(rev, row)
        return True

    def _drop(self, kind: str, key: str) -> bool:
        return self.rows.pop((kind, key), None) is not None
