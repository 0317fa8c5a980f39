"""What a client tells whoever watches it. Every method does nothing; override those you want."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stranger.wire import Json, Row

if TYPE_CHECKING:
    from tests.stranger.outbox import Command


class Listener:
    def sent(self, command: Command, way: str) -> None:
        """The command is on the wire and has no answer yet."""

    def acked(self, command: Command, answer: Json) -> None: ...

    def refused(self, command: Command, problem: Json) -> None: ...

    def not_known(self, command: Command, reason: str) -> None:
        """No answer; the same id will be sent again."""

    def linked(self, transport: str) -> None: ...

    def unlinked(self, transport: str, reason: str) -> None: ...

    def snapshot(self, topic: str, rows: list[tuple[str, str, int, Row]], more: bool) -> None: ...

    def resumed(self, topic: str) -> None: ...

    def put(self, topic: str, kind: str, key: str, rev: int, row: Row) -> None: ...

    def drop(self, topic: str, kind: str, key: str) -> None: ...

    def denied(self, topic: str, problem: Json) -> None: ...

    def signal(self, topic: str, name: str, data: Json) -> None: ...
