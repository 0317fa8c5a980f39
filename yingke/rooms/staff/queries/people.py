"""Reading people and groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, select

from yingke.kernel.db import Read, Sql, Tx
from yingke.kernel.entries import Change
from yingke.kernel.errors import NotFound
from yingke.kernel.rights import Actor, of_role
from yingke.rooms.staff import audience, models, rules, terms


class StaffRef(msgspec.Struct, frozen=True):
    """A member of staff as others refer to one."""

    id: int
    key: str
    name: str


class GroupRef(msgspec.Struct, frozen=True):
    id: int
    key: str
    name: str


class GroupRow(msgspec.Struct, frozen=True):
    """A group on the wire."""

    key: str
    name: str


class MeRow(msgspec.Struct, frozen=True):
    """docs/protocol.md 5.2, `me`."""

    key: str
    name: str
    email: str
    locale: str
    role: str
    rights: list[str]
    groups: list[GroupRow]
    intent: str
    reason: str | None
    accepting: bool
    capacity: int


class TeamRow(msgspec.Struct, frozen=True):
    """docs/protocol.md 5.2, `team`."""

    key: str
    name: str
    role: str
    groups: list[str]
    intent: str
    reason: str | None
    connected: bool
    accepting: bool
    capacity: int


class StaffRow(msgspec.Struct, frozen=True):
    """A member of staff in the list, active or not."""

    key: str
    name: str
    email: str
    role: str
    groups: list[str]
    capacity: int
    active: bool
    locale: str


class Person(msgspec.Struct, frozen=True):
    """A member of staff with groups and presence: what every row is made of."""

    id: int
    key: str
    email: str
    name: str
    role: str
    locale: str
    capacity: int
    active: bool
    rev: int
    intent: str
    reason: str | None
    idle: bool
    connected: bool
    groups: list[GroupRef]

    @property
    def accepting(self) -> bool:
        return rules.accepting(
            active=self.active, intent=self.intent, connected=self.connected, idle=self.idle
        )

    @property
    def ref(self) -> StaffRef:
        return StaffRef(self.id, self.key, self.name)

    @property
    def me(self) -> MeRow:
        return MeRow(
            key=self.key,
            name=self.name,
            email=self.email,
            locale=self.locale,
            role=self.role,
            rights=sorted(of_role(self.role)),
            groups=[GroupRow(group.key, group.name) for group in self.groups],
            intent=self.intent,
            reason=self.reason,
            accepting=self.accepting,
            capacity=self.capacity,
        )

    @property
    def team(self) -> TeamRow:
        return TeamRow(
            key=self.key,
            name=self.name,
            role=self.role,
            groups=[group.key for group in self.groups],
            intent=self.intent,
            reason=self.reason,
            connected=self.connected,
            accepting=self.accepting,
            capacity=self.capacity,
        )

    @property
    def row(self) -> StaffRow:
        return StaffRow(
            key=self.key,
            name=self.name,
            email=self.email,
            role=self.role,
            groups=[group.key for group in self.groups],
            capacity=self.capacity,
            active=self.active,
            locale=self.locale,
        )

    @property
    def screens(self) -> dict[str, list[Change]]:
        """What screens are told when this person has changed."""
        return audience.screens(self.key, self.rev, self.me, self.team if self.active else None)


_s, _p, _g, _m = models.staff.c, models.staff_status.c, models.staff_group.c, models.staff_member.c

_people = select(
    _s.id,
    _s.key,
    _s.email,
    _s.name,
    _s.role,
    _s.locale,
    _s.capacity,
    _s.active,
    _s.rev,
    _p.intent,
    _p.reason,
    _p.idle,
    _p.connected,
).join_from(models.staff, models.staff_status)


def people(read: Read, *where: ColumnElement[bool], limit: int | None = None) -> list[Person]:
    """Those for whom the conditions hold, in the order they were made."""
    rows = read.execute(_people.where(*where).order_by(_s.id).limit(limit)).all()
    groups = groups_of_many(read, [row.id for row in rows])
    return [Person(**row._mapping, groups=groups[row.id]) for row in rows]


def person(read: Read, staff_id: int) -> Person:
    """Raises NotFound."""
    found = people(read, _s.id == staff_id)
    if not found:
        raise NotFound()
    return found[0]


def person_for_change(tx: Tx, who: Actor, key: str) -> Person:
    """The person with this key, locked. Raises Forbidden, NotFound."""
    who.need(terms.MANAGE)
    staff_id = staff_by_key(tx, key).id
    lock(tx, [staff_id])
    return person(tx, staff_id)


def lock(tx: Tx, staff_ids: Collection[int]) -> Sequence[Row[Any]]:
    """Lock these people, in one order: staff_id, connected, active. Their row of presence is the lock for all else."""
    return tx.execute(
        select(_p.staff_id, _p.connected, _s.active)
        .join_from(models.staff_status, models.staff)
        .where(_p.staff_id.in_(staff_ids))
        .order_by(_p.staff_id)
        .with_for_update(of=models.staff_status)
    ).all()


def team(read: Read, who: Actor) -> list[Person]:
    """Everybody who is active. Raises Forbidden."""
    who.need(terms.READ)
    return people(read, _s.active)


def list_staff(read: Read, who: Actor, after: str | None, limit: int) -> list[StaffRow]:
    """A page of everybody, active or not; after: the key of the last row seen. Raises Forbidden, NotFound."""
    who.need(terms.READ)
    begin = 0 if after is None else staff_by_key(read, after).id
    return [person.row for person in people(read, _s.id > begin, limit=limit)]


def refs(read: Read, ids: Collection[int]) -> dict[int, StaffRef]:
    """The members of staff with these ids, active or not."""
    rows = read.execute(select(_s.id, _s.key, _s.name).where(_s.id.in_(ids)))
    return {row.id: StaffRef(**row._mapping) for row in rows}


def staff_by_key(read: Read, key: str) -> StaffRef:
    """Raises NotFound."""
    row = read.execute(select(_s.id, _s.key, _s.name).where(_s.key == key)).first()
    if row is None:
        raise NotFound()
    return StaffRef(**row._mapping)


def email_of(read: Read, key: str) -> str:
    """Raises NotFound."""
    return person(read, staff_by_key(read, key).id).email


def has_staff(read: Read) -> bool:
    return read.execute(select(_s.id).limit(1)).first() is not None


def other_administrators(tx: Tx, staff_id: int) -> int:
    """How many active administrators there are besides this one, all locked so that the last two cannot go at once."""
    rows = tx.execute(
        select(_s.id).where(_s.role == "administrator", _s.active).order_by(_s.id).with_for_update()
    )
    return sum(row.id != staff_id for row in rows)


# --- groups ----------------------------------------------------------------------------------------------------------


def groups_of_many(read: Read, staff_ids: Collection[int]) -> defaultdict[int, list[GroupRef]]:
    """Member of staff → their groups, in the order the groups were made."""
    found: defaultdict[int, list[GroupRef]] = defaultdict(list)
    for row in read.execute(
        select(_m.staff_id, _g.id, _g.key, _g.name)
        .join_from(models.staff_member, models.staff_group)
        .where(_m.staff_id.in_(staff_ids))
        .order_by(_g.id)
    ):
        found[row.staff_id].append(GroupRef(row.id, row.key, row.name))
    return found


def groups_of(read: Read, staff_id: int) -> frozenset[int]:
    """The ids of the groups somebody belongs to."""
    return frozenset(read.execute(select(_m.group_id).where(_m.staff_id == staff_id)).scalars())


# On the path of every message, so by hand.
_GROUP_REFS = Sql(
    "SELECT id, key, name FROM staff_group WHERE id IN (SELECT value FROM json_each(?))",
    "SELECT id, key, name FROM staff_group WHERE id = ANY(%s)",
)


def group_refs(read: Read, ids: Collection[int]) -> dict[int, GroupRef]:
    wanted = list(ids)
    params = (msgspec.json.encode(wanted).decode() if read.dialect == "sqlite" else wanted,)
    return {row[0]: GroupRef(*row) for row in read.run(_GROUP_REFS, params)}


def group_ids(read: Read) -> list[int]:
    """The ids of all groups, in the order they were made."""
    return list(read.execute(select(_g.id).order_by(_g.id)).scalars())


def group_by_key(read: Read, key: str) -> GroupRef:
    """Raises NotFound (`group_unknown`)."""
    row = read.execute(select(_g.id, _g.key, _g.name).where(_g.key == key)).first()
    if row is None:
        raise NotFound("group_unknown")
    return GroupRef(**row._mapping)


def group_for_change(tx: Tx, who: Actor, key: str) -> Row[Any]:
    """The group's row, locked. Raises Forbidden, NotFound (`group_unknown`)."""
    who.need(terms.MANAGE)
    row = tx.execute(select(models.staff_group).where(_g.key == key).with_for_update()).first()
    if row is None:
        raise NotFound("group_unknown")
    return row


def member_ids(read: Read, group_id: int) -> Sequence[int]:
    return read.execute(select(_m.staff_id).where(_m.group_id == group_id)).scalars().all()


def members(read: Read, group_id: int) -> list[Person]:
    """Everybody who belongs to a group, active or not."""
    return people(read, _s.id.in_(select(_m.staff_id).where(_m.group_id == group_id)))


def list_groups(read: Read, who: Actor, after: str | None, limit: int) -> list[GroupRow]:
    """A page of the groups; after: the key of the last row seen. Raises Forbidden, NotFound."""
    who.need(terms.READ)
    begin = 0 if after is None else group_by_key(read, after).id
    rows = read.execute(select(_g.key, _g.name).where(_g.id > begin).order_by(_g.id).limit(limit))
    return [GroupRow(**row._mapping) for row in rows]


# --- who is given new work -------------------------------------------------------------------------------------------


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who accepts; capacity: conversations at once."""

    staff_id: int
    key: str
    name: str
    capacity: int


_accepting = (
    select(_s.id.label("staff_id"), _s.key, _s.name, _s.capacity)
    .join_from(models.staff, models.staff_status)
    .where(_s.active, _p.intent == "online", _p.connected)
)
if terms.IDLE_BLOCKS:
    _accepting = _accepting.where(_p.idle.is_(False))


def accepting(read: Read, group_id: int) -> list[Candidate]:
    """Who of a group is given new conversations now."""
    query = _accepting.join(models.staff_member, _m.staff_id == _s.id).where(_m.group_id == group_id)
    return [Candidate(**row._mapping) for row in read.execute(query.order_by(_s.id))]


def is_accepting(read: Read, staff_id: int) -> bool:
    return read.execute(_accepting.where(_s.id == staff_id)).first() is not None
