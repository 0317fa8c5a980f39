"""People and groups: who belongs to the business, in which role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from yingke.kernel.db import Tx
from yingke.kernel.errors import Refused
from yingke.kernel.ids import new_key
from yingke.kernel.parse import Args, Name, OutKey, clean_name
from yingke.kernel.rights import Actor
from yingke.rooms.staff import audience, events, models, rules, terms
from yingke.rooms.staff.actions.audit import audit
from yingke.rooms.staff.actions.presence import begin_presence, grow, switch_off
from yingke.rooms.staff.actions.sessions import end_sessions
from yingke.rooms.staff.queries import people
from yingke.rooms.staff.queries.people import GroupRef, GroupRow, MeRow, Person, StaffRow
from yingke.rooms.staff.terms import Locale, Role

Capacity = Annotated[int, msgspec.Meta(ge=0, le=terms.MAX_CAPACITY)]


class NewStaff(Args, frozen=True, kw_only=True):
    """Who is to be made; groups: their keys."""

    email: str
    name: Name
    role: Role
    groups: tuple[OutKey, ...] = ()
    capacity: Capacity = terms.CAPACITY
    locale: Locale


class StaffChange(Args, frozen=True, kw_only=True):
    """staff: the key; what is not given stays."""

    staff: OutKey
    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    groups: tuple[OutKey, ...] | UnsetType = UNSET
    capacity: Capacity | UnsetType = UNSET
    active: bool | UnsetType = UNSET


def create_staff(tx: Tx, who: Actor, new: NewStaff, password_hash: str) -> Person:
    """Make a member of staff, offline at first.

    Raises Forbidden, Invalid, NotFound (`group_unknown`), Refused (`email_taken`).
    """
    who.need(terms.MANAGE)
    groups = _groups(tx, new.groups)
    key = new_key()
    try:
        staff_id = tx.insert(
            models.staff,
            key=key,
            email=rules.must_be_email(new.email),
            name=clean_name(new.name, field="args.name"),
            password_hash=password_hash,
            role=new.role,
            locale=new.locale,
            capacity=new.capacity,
            active=True,
            rev=1,
            created_at=tx.now,
        )
    except IntegrityError:
        raise Refused("email_taken") from None
    _join(tx, staff_id, groups)
    begin_presence(tx, who, staff_id)
    person = people.person(tx, staff_id)
    audit(tx, who, "staff_created", f"staff:{key}", {"role": new.role, "groups": [one.key for one in groups]})
    tx.emit(events.StaffChanged(staff_id), to=audience.person(staff_id, person.screens), by=who)
    return person


def create(tx: Tx, who: Actor, new: NewStaff, password_hash: str) -> StaffRow:
    """The same, answering the row of the list."""
    return create_staff(tx, who, new, password_hash).row


def change_staff(tx: Tx, who: Actor, change: StaffChange) -> StaffRow:
    """Change what is given. Who is no longer active is signed out everywhere.

    Raises Forbidden, Invalid, NotFound (`not_found`, `group_unknown`), Refused (`last_administrator`).
    """
    before = people.person_for_change(tx, who, change.staff)
    values = _changes(before, change)
    groups = before.groups if isinstance(change.groups, UnsetType) else _groups(tx, change.groups)
    regrouped = {one.id for one in groups} != {one.id for one in before.groups}
    if not values and not regrouped:
        return before.row
    leaves_office = values.get("active") is False or values.get("role", "administrator") != "administrator"
    if before.role == "administrator" and before.active and leaves_office:
        _must_not_be_last(tx, before.id)
    if values:
        tx.update(models.staff, before.id, **values)
    if regrouped:
        tx.execute(delete(models.staff_member).where(models.staff_member.c.staff_id == before.id))
        _join(tx, before.id, groups)
    if values.get("active") is False:
        end_sessions(tx, who, before.id)
        switch_off(tx, who, before.id)
    after = grow(tx, people.person(tx, before.id))
    noted = values | ({"groups": [one.key for one in groups]} if regrouped else {})
    audit(tx, who, "staff_changed", f"staff:{before.key}", noted)
    tx.emit(
        events.StaffChanged(before.id),
        to=audience.person(
            before.id, after.screens, reguard=regrouped or "role" in values or "active" in values
        ),
        by=who,
    )
    return after.row


def _changes(before: Person, change: StaffChange) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: value
        for name in ("role", "capacity", "active")
        if (value := getattr(change, name)) is not UNSET
    }
    if not isinstance(change.name, UnsetType):
        values["name"] = clean_name(change.name, field="args.name")
    return {name: value for name, value in values.items() if getattr(before, name) != value}


def _must_not_be_last(tx: Tx, staff_id: int) -> None:
    if people.other_administrators(tx, staff_id) == 0:
        raise Refused("last_administrator")


def set_locale(tx: Tx, who: Actor, locale: Locale) -> MeRow:
    """Choose the language one is spoken to in."""
    people.lock(tx, [who.id])
    person = people.person(tx, who.id)
    if person.locale == locale:
        return person.me
    tx.update(models.staff, who.id, locale=locale)
    person = grow(tx, msgspec.structs.replace(person, locale=locale))
    tx.emit(events.StaffChanged(who.id), to=audience.person(who.id, person.screens, reguard=True), by=who)
    return person.me


def set_password(tx: Tx, who: Actor, key: str, password_hash: str) -> StaffRow:
    """Give somebody another password; they are signed out everywhere. Raises Forbidden, NotFound."""
    person = people.person_for_change(tx, who, key)
    tx.update(models.staff, person.id, password_hash=password_hash)
    audit(tx, who, "password_set", f"staff:{key}", {})
    end_sessions(tx, who, person.id)
    return person.row


# --- groups ----------------------------------------------------------------------------------------------------------


def create_group(tx: Tx, who: Actor, name: str) -> GroupRef:
    """Make a group without members. Raises Forbidden, Invalid, Refused (`group_name_taken`)."""
    who.need(terms.MANAGE)
    key, name = new_key(), clean_name(name, field="args.name")
    try:
        group_id = tx.insert(models.staff_group, key=key, name=name, rev=1, created_at=tx.now)
    except IntegrityError:
        raise Refused("group_name_taken") from None
    audit(tx, who, "group_created", f"group:{key}", {"name": name})
    tx.emit(events.GroupChanged(group_id), to=audience.group(group_id, []), by=who)
    return GroupRef(group_id, key, name)


def create_group_row(tx: Tx, who: Actor, name: str) -> GroupRow:
    """The same, answering the row of the list."""
    group = create_group(tx, who, name)
    return GroupRow(group.key, group.name)


def rename_group(tx: Tx, who: Actor, key: str, name: str) -> GroupRow:
    """Give a group another name; its members' rows follow.

    Raises Forbidden, Invalid, NotFound (`group_unknown`), Refused (`group_name_taken`).
    """
    row = people.group_for_change(tx, who, key)
    name = clean_name(name, field="args.name")
    if name != row.name:
        try:
            tx.update(models.staff_group, row.id, name=name, rev=row.rev + 1)
        except IntegrityError:
            raise Refused("group_name_taken") from None
        audit(tx, who, "group_renamed", f"group:{key}", {"name": name, "before": row.name})
        people.lock(tx, people.member_ids(tx, row.id))
        told = [grow(tx, person).screens for person in people.members(tx, row.id)]
        tx.emit(events.GroupChanged(row.id), to=audience.group(row.id, told), by=who)
    return GroupRow(key, name)


def _groups(tx: Tx, keys: Sequence[str]) -> list[GroupRef]:
    """In the order the groups were made, each once."""
    found = {group.id: group for group in (people.group_by_key(tx, key) for key in keys)}
    return [found[id_] for id_ in sorted(found)]


def _join(tx: Tx, staff_id: int, groups: Sequence[GroupRef]) -> None:
    if groups:
        tx.execute(
            insert(models.staff_member), [{"group_id": group.id, "staff_id": staff_id} for group in groups]
        )
