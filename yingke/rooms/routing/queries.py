"""Routing: every SELECT."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from yingke.kernel.db import Read
from yingke.rooms.routing import models
from yingke.rooms.routing.rules import Candidate, Weighed
from yingke.rooms.staff import api as staff

_w = models.waiting.c
_a = models.agent.c


class Decision(msgspec.Struct, frozen=True):
    """A decision as it was taken. at: microseconds UTC; staff_id: None where all were full."""

    conversation_id: int
    at: int
    staff_id: int | None
    policy: str
    candidates: list[Weighed]


def next_drain(read: Read) -> int | None:
    return read.execute(select(func.min(models.group.c.drain_at))).scalar()


def next_tell(read: Read) -> int | None:
    return read.execute(select(func.min(models.group.c.tell_at))).scalar()


def next_away(read: Read) -> int | None:
    """When the next absent one's waiting conversations are to be offered to others."""
    return read.execute(select(func.min(_a.away_at)).where(_a.given_up_at.is_(None))).scalar()


def groups_due(read: Read, column: str, now: int, limit: int) -> list[int]:
    due = models.group.c[column]
    rows = read.execute(
        select(models.group.c.group_id).where(due <= now).order_by(due, models.group.c.group_id).limit(limit)
    )
    return [row.group_id for row in rows]


def waiting_in(read: Read, group_id: int, limit: int | None = None) -> list[Row[Any]]:
    """Who waits in a group, in the order they are to be served."""
    return list(
        read.execute(
            select(_w.conversation_id, _w.ahead)
            .where(_w.group_id == group_id)
            .order_by(_w.priority.desc(), _w.queued_at, _w.conversation_id)
            .limit(limit)
        )
    )


def candidates(read: Read, group_id: int) -> list[Candidate]:
    """Whoever of the group is accepting, with what each has at hand."""
    people = staff.accepting(read, group_id)
    known = {
        row.staff_id: row
        for row in read.execute(
            select(_a.staff_id, _a.load, _a.last_assigned_at).where(
                _a.staff_id.in_([one.staff_id for one in people])
            )
        )
    }
    found = []
    for one in people:
        row = known.get(one.staff_id)
        load, last = (row.load, row.last_assigned_at) if row is not None else (0, 0)
        found.append(Candidate(one.staff_id, one.key, one.name, one.capacity, load, last))
    return found


def holder(read: Read, conversation_id: int) -> int | None:
    return read.execute(
        select(models.held.c.staff_id).where(models.held.c.conversation_id == conversation_id)
    ).scalar()


def away_due(read: Read, now: int, limit: int) -> list[int]:
    """Absent ones whose waiting conversations are to be offered to others now."""
    rows = read.execute(
        select(_a.staff_id)
        .where(_a.away_at <= now, _a.given_up_at.is_(None))
        .order_by(_a.away_at, _a.staff_id)
        .limit(limit)
    )
    return [row.staff_id for row in rows]


def long_away(read: Read, staff_ids: Collection[int], now: int) -> set[int]:
    """Those of these who have been absent so long that others answer for them."""
    if not staff_ids:
        return set()
    rows = read.execute(select(_a.staff_id).where(_a.staff_id.in_(staff_ids), _a.away_at <= now))
    return {row.staff_id for row in rows}


def loads(read: Read) -> Sequence[tuple[int, int, int]]:
    """(staff id, counter, what is really held), for checking the counters."""
    counted = (
        select(models.held.c.staff_id, func.count().label("n")).group_by(models.held.c.staff_id).subquery()
    )
    rows = read.execute(
        select(_a.staff_id, _a.load, func.coalesce(counted.c.n, 0)).outerjoin(
            counted, counted.c.staff_id == _a.staff_id
        )
    )
    return [tuple(row) for row in rows]


def decisions_of(read: Read, conversation_id: int) -> list[Decision]:
    c = models.decision.c
    rows = read.execute(select(models.decision).where(c.conversation_id == conversation_id).order_by(c.id))
    return [
        Decision(
            row.conversation_id,
            row.at,
            row.staff_id,
            row.policy,
            msgspec.json.decode(row.candidates, type=list[Weighed]),
        )
        for row in rows
    ]
