"""Lists of staff, groups and what was done."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from yingke.kernel.http import Db, FromQuery, Page, Who, fetch
from yingke.kernel.parse import Args, OutKey, refusal
from yingke.rooms.staff import terms
from yingke.rooms.staff.queries import people, records
from yingke.rooms.staff.queries.people import GroupRow, StaffRow
from yingke.rooms.staff.queries.records import AuditRow

PAGE = 100
Limit = Annotated[int, msgspec.Meta(ge=1, le=PAGE)]
Place = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}\Z")]

A = TypeVar("A", bound=Args)


class AfterKey(Args, frozen=True):
    limit: Limit
    after: OutKey | None = None


class AfterPlace(Args, frozen=True):
    limit: Limit
    after: Place | None = None


def _asked(type_: type[A], after: str | None, limit: int) -> A:
    """What a query asks for; the framework looks at types only. Raises Invalid."""
    try:
        return msgspec.convert({"after": after, "limit": limit}, type_)
    except msgspec.ValidationError as error:
        raise refusal(str(error)) from None


@fetch("/api/v1/staff", right=terms.READ, tags=["staff"])
async def list_staff(
    db: Db, who: Who, after: FromQuery[str | None] = None, limit: FromQuery[int] = PAGE
) -> Page[StaffRow]:
    """Everybody, active or not, in the order they were made."""
    asked = _asked(AfterKey, after, limit)
    rows = await db.read(people.list_staff, who, asked.after, limit + 1)
    return Page(rows[:limit], rows[limit - 1].key if len(rows) > limit else None)


@fetch("/api/v1/groups", right=terms.READ, tags=["staff"])
async def list_groups(
    db: Db, who: Who, after: FromQuery[str | None] = None, limit: FromQuery[int] = PAGE
) -> Page[GroupRow]:
    """The groups, in the order they were made."""
    asked = _asked(AfterKey, after, limit)
    rows = await db.read(people.list_groups, who, asked.after, limit + 1)
    return Page(rows[:limit], rows[limit - 1].key if len(rows) > limit else None)


@fetch("/api/v1/audit", right=terms.READ_AUDIT, tags=["staff"])
async def list_audit(
    db: Db, who: Who, after: FromQuery[str | None] = None, limit: FromQuery[int] = PAGE
) -> Page[AuditRow]:
    """Administrative acts, newest first."""
    asked = _asked(AfterPlace, after, limit)
    before = None if asked.after is None else int(asked.after)
    rows, place = await db.read(records.list_audit, who, before, limit)
    return Page(rows, None if place is None else str(place))


routes = [list_staff, list_groups, list_audit]
