"""Reading what was done, and how presence was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from yingke.kernel.clock import moment
from yingke.kernel.db import Read
from yingke.kernel.rights import Actor
from yingke.rooms.staff import models, terms
from yingke.rooms.staff.queries.people import refs


class By(msgspec.Struct, frozen=True):
    key: str
    name: str


class AuditRow(msgspec.Struct, frozen=True):
    """actor: None for the system; subject: kind and key."""

    at: datetime
    actor: By | None
    action: str
    subject: str
    params: dict[str, Any]


_a, _h, _p = models.audit.c, models.status_history.c, models.staff_status.c


def list_audit(read: Read, who: Actor, before: int | None, limit: int) -> tuple[list[AuditRow], int | None]:
    """A page, newest first, and the place of the page after it. Raises Forbidden."""
    who.need(terms.READ_AUDIT)
    query = select(models.audit).order_by(_a.id.desc()).limit(limit + 1)
    rows = read.execute(query if before is None else query.where(_a.id < before)).all()
    page = rows[:limit]
    people = refs(read, {id_ for row in page if (id_ := _staff_id(row.actor)) is not None})
    return [
        AuditRow(
            at=moment(row.at),
            actor=By(ref.key, ref.name) if (ref := people.get(_staff_id(row.actor) or 0)) else None,
            action=row.action,
            subject=row.subject,
            params=row.params,
        )
        for row in page
    ], page[-1].id if len(rows) > limit else None


def _staff_id(tag: str) -> int | None:
    kind, _, id_ = tag.partition(":")
    return int(id_) if kind == "staff" else None


def open_line(read: Read, staff_id: int) -> Row[Any] | None:
    """The line of status history that says how it is now."""
    return read.execute(
        select(models.status_history).where(_h.staff_id == staff_id, _h.to_at.is_(None))
    ).first()


class StatusLine(msgspec.Struct, frozen=True):
    """How somebody's presence was; times in microseconds UTC; to_at: None for now; changed_by: an actor's tag."""

    intent: str
    reason: str | None
    accepting: bool
    connected: bool
    from_at: int
    to_at: int | None
    changed_by: str


def status_history(read: Read, staff_id: int) -> list[StatusLine]:
    """Every line of one person, oldest first."""
    rows = read.execute(
        select(_h.intent, _h.reason, _h.accepting, _h.connected, _h.from_at, _h.to_at, _h.changed_by)
        .where(_h.staff_id == staff_id)
        .order_by(_h.id)
    )
    return [StatusLine(**row._mapping) for row in rows]


def next_disconnect(read: Read) -> int | None:
    """When the next connection's grace ends, in microseconds UTC."""
    due: int | None = read.execute(
        select(func.min(_p.connected_until)).where(_p.connected_until.is_not(None))
    ).scalar_one()
    return due
