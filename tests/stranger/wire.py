"""What is on the wire: frames, problems, the times to wait, and what can become of a request."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Timing:
    """How long to wait for what, in seconds. The values are the document's; tests shorten some of them."""

    answer: float = 10.0
    """A command without an answer after this is "not known" (rule 4)."""
    hello: float = 10.0
    """A WebSocket that opens and says no `hello` (3)."""
    hello_sse: float = 5.0
    """The same for server-sent events (3)."""
    ping: float | None = None
    """Ping this often; None: as often as the server's `hello` says (3.1)."""
    pong: float = 10.0
    """No frame at all within this of a ping: dead, whatever the socket says (3.1)."""
    silence: float = 30.0
    """No line of an event stream, or no frame of a socket before a command over HTTP, for this long (3.1, 3.2)."""
    poll: float = 25.0
    """How long a poll may stay open (3.3)."""
    better: float = 300.0
    """Try the better transport again after this (3)."""
    back_off: float = 0.5
    back_off_most: float = 30.0


class NotKnown(Exception):
    """No answer, or one that does not say whether it was done: repeat with the same id (rule 4)."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Refused(Exception):
    """A final no (rule 4), with its problem document (6)."""

    def __init__(self, problem: Json) -> None:
        super().__init__(f"{problem.get('status')} {problem.get('code')}: {problem.get('detail')}")
        self.problem = problem
        self.code = str(problem.get("code", ""))
        self.status = int(problem.get("status", 0) or 0)


class SignedOut(Refused):
    """401: the token or the cookie is no longer good. A new session first, then the same again."""


class LinkLost(Exception):
    """A live connection that is no more, or cannot be trusted any more. Come back by cursor."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(f"{reason} (close code {code})" if code is not None else reason)
        self.reason = reason
        self.code = code


class Stopped(Exception):
    """The server asked not to come back (close codes 4403 and 4409), or sign-in was refused."""


def is_final(status: int) -> bool:
    """Rule 4: a 4xx is final, other than 408, 425 and 429."""
    return 400 <= status < 500 and status not in (408, 425, 429)


def refusal(problem: Json) -> Refused | NotKnown:
    """What a problem document means for the command it answers."""
    status = int(problem.get("status", 0) or 0)
    if status == 401:
        return SignedOut(problem)
    if is_final(status):
        return Refused(problem)
    after = problem.get("retry_after")
    return NotKnown(f"{status} {problem.get('code')}", float(after) if after is not None else None)


class BackOff:
    """0.5 s, doubled up to 30 s, each with full jitter (rule 6): anything from nothing to the whole of it."""

    def __init__(self, timing: Timing, rng: random.Random) -> None:
        self._timing = timing
        self._rng = rng
        self._failures = 0

    def next(self) -> float:
        most = min(self._timing.back_off_most, self._timing.back_off * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return self._rng.uniform(0.0, most)

    def worked(self) -> None:
        self._failures = 0


class Counter:
    """`n` of the frames of one connection: 1, 2, 3, … (4). A missing number means that something was lost."""

    def __init__(self) -> None:
        self._last = 0

    def check(self, frame: Json) -> None:
        n = frame.get("n")
        if n != self._last + 1:
            raise LinkLost(f"frame {n} came after frame {self._last}")
        self._last += 1
