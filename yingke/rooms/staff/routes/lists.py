"""Lists of staff, groups and what was done."""

from __future__ import annotations

from typing import Annotated

import msgspec

from yingke.kernel.db import Database
from yingke.kernel.http import Page, fetch
from yingke.kernel.rights import Actor
from yingke.rooms.staff import terms
from yingke.rooms.staff.queries import people, records
from yingke.rooms.staff.queries.people import GroupRow, StaffRow
from yingke.rooms.staff.queries.records import AuditRow

PAGE = 100
After = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Place = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}$")]
Limit = Annotated[int, msgspec.Meta(ge=1, le=PAGE)]


@fetch("/api/v1/staff", right=terms.READ, tags=["staff"])
async def list_staff(
    db: Database, who: Actor, after: After | None = None, limit: Limit = PAGE
) -> Page[StaffRow]:
    """Everybody, active or not, in the order they were made."""
    rows = await db.read(people.list_staff, who, after, limit + 1)
    return Page(rows[:limit], rows[limit - 1].key if len(rows) > limit else None)


@fetch("/api/v1/groups", right=terms.READ, tags=["staff"])
async def list_groups(
    db: Database, who: Actor, after: After | None = None, limit: Limit = PAGE
) -> Page[GroupRow]:
    """The groups, in the order they were made."""
    rows = await db.read(people.list_groups, who, after, limit + 1)
    return Page(rows[:limit], rows[limit - 1].key if len(rows) > limit else None)


@fetch("/api/v1/audit", right=terms.READ_AUDIT, tags=["staff"])
async def list_audit(
    db: Database, who: Actor, after: Place | None = None, limit: Limit = PAGE
) -> Page[AuditRow]:
    """Administrative acts, newest first."""
    rows, place = await db.read(records.list_audit, who, None if after is None else int(after), limit)
    return Page(rows, None if place is None else str(place))


routes = [list_staff, list_groups, list_audit]
