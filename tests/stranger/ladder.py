"""Which transport next (3): the WebSocket; after three failures in a row to open it, server-sent events; when these
say no `hello` within 5 s, long poll; after five minutes the better one again. A server that does not answer at all
proves nothing against a transport: then from the top."""

from __future__ import annotations

from collections.abc import Sequence

from tests.stranger.links import NoHello, Unanswered
from tests.stranger.wire import LinkLost

TRANSPORTS = ("websocket", "sse", "poll")


class Ladder:
    def __init__(self, allowed: Sequence[str] = TRANSPORTS) -> None:
        unknown = set(allowed) - set(TRANSPORTS)
        if unknown or not allowed:
            raise ValueError(f"transports are {TRANSPORTS}, not {allowed}")
        self._steps = [name for name in TRANSPORTS if name in allowed]
        self._step = 0
        self._failures = 0

    @property
    def now(self) -> str:
        return self._steps[self._step]

    @property
    def is_best(self) -> bool:
        return self._step == 0

    def opened(self) -> None:
        self._failures = 0

    def failed(self, lost: LinkLost) -> None:
        """It did not open, or opened and said nothing."""
        if lost.code is not None and lost.code != 1006:
            self._failures = 0  # it did open: the server itself closed it, with a reason
            return
        self._failures += 1
        swallowed = isinstance(lost, NoHello)
        if isinstance(lost, Unanswered):
            self._to(0)
        elif (self.now == "websocket" and (swallowed or self._failures >= 3)) or (
            self.now == "sse" and swallowed
        ):
            self._to(self._step + 1)

    def try_better(self) -> None:
        self._to(self._step - 1)

    def _to(self, step: int) -> None:
        self._step = min(max(step, 0), len(self._steps) - 1)
        self._failures = 0
