"""One topic as a client holds it: the reducer of docs/protocol.md, section 4.

The twin of `web/packages/sync/src/replica.ts`; both pass `web/packages/sync/vectors`. The server itself needs no
replica: tests do, to prove that a live screen equals a reloaded one, and so do clients written in Python.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Any


@dataclass
class Replica:
    cursor: str | None = None
    more: bool = False
    """Older rows exist than the ones held."""
    live: bool = False
    """A snapshot or `resumed` came on the present connection: from here on its pongs speak for this topic too."""
    rows: dict[tuple[str, str], tuple[int, Row]] = field(default_factory=dict)

    def apply(self, frame: Mapping[str, Any]) -> None:
        """Frames may be applied again, from any earlier one on, and the outcome is the same."""
        match frame["t"]:
            case "snapshot":
                self._forget()
                self.hold(frame["rows"])
                self.cursor = frame["cursor"]
                self.more = frame["more"]
                self.live = True
            case "resumed":
                self.live = True
            case "change":
                for change in frame["changes"]:
                    self._change(change)
                self.cursor = frame["cursor"]
            case "pong" if self.live and frame["cursor"] is not None:
                self.cursor = frame["cursor"]
            case "denied":
                self._forget()

    def interrupted(self) -> None:
        """The connection is gone: until the next snapshot or `resumed`, no pong moves this cursor."""
        self.live = False

    def hold(self, rows: Iterable[Sequence[Any]]) -> None:
        """Older rows fetched by hand; they obey the same rule of revisions."""
        for row in rows:
            self._change(["put", *row])

    def get(self, kind: str, key: str) -> Row | None:
        held = self.rows.get((kind, key))
        return held[1] if held else None

    def all(self, kind: str) -> list[Row]:
        return [row for (of, _), (_, row) in self.rows.items() if of == kind]

    def dump(self) -> list[list[Any]]:
        """Everything held as rows of a snapshot, in a stable order."""
        return [
            [kind, key, rev, row]
            for (kind, key), (rev, row) in sorted(self.rows.items(), key=lambda at: at[0])
        ]

    def _forget(self) -> None:
        self.rows.clear()
        self.cursor = None
        self.more = self.live = False

    def _change(self, change: Sequence[Any]) -> None:
        match change:
            case ["drop", kind, key, *_]:
                self.rows.pop((kind, key), None)
            case ["put", kind, key, rev, row, *_]:
                held = self.rows.get((kind, key))
                if held is None or held[0] < rev:
                    self.rows[kind, key] = (rev, row)
