"""A clock that stands still until a test moves it or lets it go."""

from __future__ import annotations

from datetime import UTC, datetime

from yingke.kernel.clock import SECOND, micros, system_clock

BEGIN = micros(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


class FakeClock:
    """Microseconds UTC, as `kernel.clock.Clock` wants them."""

    def __init__(self, now: int = BEGIN) -> None:
        self.now = now

        self._going_since: int | None = None

    def __call__(self) -> int:
        return self.now if self._going_since is None else self.now + system_clock() - self._going_since

    def go(self) -> None:
        """From now on time passes as it does outside."""
        self._going_since = system_clock()

    def advance(self, seconds: float) -> int:
        """Move on; answers the new time."""
        self.now += round(seconds * SECOND)
        return self()
