"""Presence: what a person intends, whether connected, whether idle. Three facts that do not touch each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import select, update

from yingke.kernel import timers
from yingke.kernel.db import Tx, batched
from yingke.kernel.rights import SYSTEM, Actor
from yingke.rooms.staff import audience, events, models, rules, terms
from yingke.rooms.staff.queries import people, records
from yingke.rooms.staff.queries.people import MeRow, Person
from yingke.rooms.staff.terms import Intent

AT_ONCE = (
    20  # people a transaction may find gone: each is told to everybody, and the writer is held at most 20 ms
)

_status = models.staff_status
_c = _status.c


class Nothing(msgspec.Struct, frozen=True):
    """The answer `{}`."""


def set_intent(tx: Tx, who: Actor, intent: Intent, reason: str | None) -> MeRow:
    """Say what one is there for; it holds until it is changed, over refresh and restart.

    Raises Invalid for a reason with anything but `away`, or one that is no text.
    """
    reason = rules.reason(intent, reason)
    tx.execute(update(_status).where(_c.staff_id == who.id).values(intent=intent, reason=reason))
    return tell(tx, who, who.id).me


def set_idle(tx: Tx, who: Actor, idle: bool) -> Nothing:
    """Say that there was no input for a while, or that there is again."""
    tx.execute(update(_status).where(_c.staff_id == who.id).values(idle=idle))
    tell(tx, who, who.id)
    return Nothing()


@batched
def extend_connected(tx: Tx, calls: Sequence[Collection[int]]) -> Sequence[None]:
    """These members of staff are connected, for `GRACE` from now. Facts are told only of those who were not."""
    staff_ids = {staff_id for call in calls for staff_id in call}
    known = {row.staff_id: row.connected for row in people.lock(tx, staff_ids) if row.active}
    if known:
        tx.execute(
            update(_status)
            .where(_c.staff_id.in_(known))
            .values(connected=True, connected_until=tx.now + terms.GRACE)
        )
    new = [staff_id for staff_id, connected in known.items() if not connected]
    for staff_id in new:
        tell(tx, SYSTEM, staff_id)
    if new:
        tx.wake(timers.WAKE)
    return [None] * len(calls)


def connected(tx: Tx, staff_id: int) -> None:
    """A first socket, stream or poll of this member of staff has come."""
    extend_connected(tx, [staff_id])


def disconnect_due(tx: Tx, limit: int) -> int:
    """Those whose grace has ended are no longer connected; answers how many, at most `limit` and `AT_ONCE`."""
    due = (
        select(_c.staff_id)
        .where(_c.connected_until <= tx.now)
        .order_by(_c.staff_id)
        .limit(min(limit, AT_ONCE))
        .with_for_update(skip_locked=True)
    )
    gone = [
        row.staff_id
        for row in tx.execute(
            update(_status)
            .where(_c.staff_id.in_(due), _c.connected_until <= tx.now)
            .values(connected=False, connected_until=None)
            .returning(_c.staff_id)
        )
    ]
    for staff_id in sorted(gone):
        tell(tx, SYSTEM, staff_id)
    return len(gone)


def switch_off(tx: Tx, who: Actor, staff_id: int) -> None:
    """Who is no longer active intends nothing and is not connected."""
    tx.execute(
        update(_status)
        .where(_c.staff_id == staff_id)
        .values(intent="offline", reason=None, connected=False, connected_until=None)
    )
    tell(tx, who, staff_id)


def begin_presence(tx: Tx, who: Actor, staff_id: int) -> None:
    """The rows that somebody new needs: not there yet."""
    tx.insert(_status, staff_id=staff_id, intent="offline", idle=False, connected=False, since=tx.now)
    _write_line(tx, who, people.person(tx, staff_id))


def tell(tx: Tx, who: Actor, staff_id: int) -> Person:
    """Compare presence with the last line of its history: what differs is written there and told to everybody."""
    person = people.person(tx, staff_id)
    line = records.open_line(tx, staff_id)
    if line is not None:
        if (line.intent, line.reason, line.accepting, line.connected) == _fact(person):
            return person
        tx.update(models.status_history, line.id, to_at=tx.now)
    _write_line(tx, who, person)
    tx.execute(update(_status).where(_c.staff_id == staff_id).values(since=tx.now))
    person = grow(tx, person)
    tx.emit(
        events.StaffAvailabilityChanged(staff_id, person.accepting, person.connected, person.intent),
        to=audience.person(staff_id, person.screens),
        by=who,
    )
    return person


def grow(tx: Tx, person: Person) -> Person:
    """The person with the next `rev`, which is what screens go by."""
    rev = person.rev + 1
    tx.update(models.staff, person.id, rev=rev)
    return msgspec.structs.replace(person, rev=rev)


def _fact(person: Person) -> tuple[str, str | None, bool, bool]:
    return person.intent, person.reason, person.accepting, person.connected


def _write_line(tx: Tx, who: Actor, person: Person) -> None:
    intent, reason, accepting, connected = _fact(person)
    tx.insert(
        models.status_history,
        staff_id=person.id,
        intent=intent,
        reason=reason,
        accepting=accepting,
        connected=connected,
        from_at=tx.now,
        changed_by=who.tag,
    )
