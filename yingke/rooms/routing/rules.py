"""Routing: who gets it, without a database. Further criteria of live-chat 3 go in front of `rank`'s tuple."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from yingke.rooms.routing.terms import Reason


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who is accepting. last_assigned_at: microseconds UTC, 0 for never."""

    staff_id: int
    key: str
    name: str
    capacity: int
    load: int
    last_assigned_at: int

    @property
    def free(self) -> int:
        return self.capacity - self.load


class Weighed(msgspec.Struct, frozen=True):
    """One line of a decision's explanation."""

    staff: str
    reason: Reason
    load: int
    capacity: int


def rank(candidate: Candidate) -> tuple[int, int, int]:
    """The smallest is chosen: most free capacity, then whoever waited longest, then the elder account."""
    return -candidate.free, candidate.last_assigned_at, candidate.staff_id


def choose(candidates: Sequence[Candidate]) -> Candidate | None:
    """Who gets the next conversation, or None while all are full."""
    return min((one for one in candidates if one.free >= 1), key=rank, default=None)


def explain(candidates: Sequence[Candidate], chosen: Candidate | None) -> list[Weighed]:
    """Why each was or was not chosen."""
    return [Weighed(one.key, _reason(one, chosen), one.load, one.capacity) for one in candidates]


def _reason(one: Candidate, chosen: Candidate | None) -> Reason:
    if one.free < 1 or chosen is None:
        return Reason.FULL
    if one is chosen:
        return Reason.CHOSEN
    return Reason.LESS_FREE if one.free < chosen.free else Reason.WAITED_LESS
