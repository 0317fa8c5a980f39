"""Routing: the verbs. Facts only mark what is to be done; the drain does it, one assigner for each group."""

from __future__ import annotations

import msgspec
from sqlalchemy import case, delete, insert, update

from yingke.kernel import timers
from yingke.kernel.db import Sql, Tx
from yingke.kernel.rights import SYSTEM
from yingke.rooms.conversations import api as conversations
from yingke.rooms.routing import models, queries, rules
from yingke.rooms.routing.rules import Candidate
from yingke.rooms.routing.terms import PIECE, PLACES, POLICY, REASSIGN_AFTER, TELL_EVERY
from yingke.rooms.staff import api as staff

_WANT = Sql(
    "INSERT INTO routing_group (group_id, drain_at, tell_at, told_at) VALUES (?1, ?2, ?2, 0) ON CONFLICT (group_id)"
    " DO UPDATE SET drain_at = ?2, tell_at = max(?2, told_at + ?3)",
    "INSERT INTO routing_group (group_id, drain_at, tell_at, told_at) VALUES (%(group)s, %(now)s, %(now)s, 0)"
    " ON CONFLICT (group_id) DO UPDATE SET drain_at = %(now)s,"
    " tell_at = greatest(%(now)s, routing_group.told_at + %(every)s)",
)
_WAIT = Sql(
    "INSERT INTO routing_waiting (conversation_id, group_id, priority, queued_at) VALUES (?, ?, 0, ?)"
    " ON CONFLICT (conversation_id) DO UPDATE SET group_id = excluded.group_id, queued_at = excluded.queued_at",
    "INSERT INTO routing_waiting (conversation_id, group_id, priority, queued_at) VALUES (%s, %s, 0, %s)"
    " ON CONFLICT (conversation_id) DO UPDATE SET group_id = excluded.group_id, queued_at = excluded.queued_at",
)
_KNOW = Sql(
    "INSERT INTO routing_agent (staff_id, load, last_assigned_at) VALUES (?, 0, 0) ON CONFLICT DO NOTHING",
    "INSERT INTO routing_agent (staff_id, load, last_assigned_at) VALUES (%s, 0, 0) ON CONFLICT DO NOTHING",
)


def want_drain(tx: Tx, group_id: int) -> None:
    """Something may be assigned in this group now, and places in its queue may have moved."""
    if tx.dialect == "sqlite":
        tx.run(_WANT, (group_id, tx.now, TELL_EVERY))
    else:
        tx.run(_WANT, {"group": group_id, "now": tx.now, "every": TELL_EVERY})
    tx.wake(timers.WAKE)


def wait(tx: Tx, conversation_id: int, group_id: int, queued_at: int) -> None:
    """It waits, at the place of `queued_at`."""
    _let_go(tx, conversation_id)
    tx.run(_WAIT, (conversation_id, group_id, queued_at))
    want_drain(tx, group_id)


def hold(tx: Tx, conversation_id: int, group_id: int, staff_id: int) -> None:
    """Somebody has it; told again of what this room did itself, nothing changes."""
    if queries.holder(tx, conversation_id) == staff_id:
        return
    _let_go(tx, conversation_id)
    _leave_queue(tx, conversation_id, group_id)
    _know(tx, staff_id)
    tx.execute(insert(models.held).values(conversation_id=conversation_id, staff_id=staff_id))
    tx.execute(
        update(models.agent)
        .where(models.agent.c.staff_id == staff_id)
        .values(load=models.agent.c.load + 1, last_assigned_at=tx.now)
    )


def end(tx: Tx, conversation_id: int, group_id: int) -> None:
    """It is over: it waits no more and takes nobody's place."""
    _leave_queue(tx, conversation_id, group_id)
    _let_go(tx, conversation_id)


def _leave_queue(tx: Tx, conversation_id: int, group_id: int) -> None:
    c = models.waiting.c
    if tx.execute(delete(models.waiting).where(c.conversation_id == conversation_id)).rowcount:
        want_drain(tx, group_id)


def _let_go(tx: Tx, conversation_id: int) -> None:
    """Free the place it took, for every group its holder works in."""
    staff_id = queries.holder(tx, conversation_id)
    if staff_id is None:
        return
    tx.execute(delete(models.held).where(models.held.c.conversation_id == conversation_id))
    load = models.agent.c.load
    tx.execute(
        update(models.agent)
        .where(models.agent.c.staff_id == staff_id)
        .values(load=case((load > 0, load - 1), else_=0))
    )
    free_capacity(tx, staff_id)


def free_capacity(tx: Tx, staff_id: int) -> None:
    """Somebody may have a place free: see what waits in each of their groups."""
    for group_id in sorted(staff.groups_of(tx, staff_id)):
        want_drain(tx, group_id)


def present(tx: Tx, staff_id: int, connected: bool) -> None:
    """Note whether somebody is there; an absence becomes long by itself."""
    _know(tx, staff_id)
    c = models.agent.c
    if connected:
        tx.execute(update(models.agent).where(c.staff_id == staff_id).values(away_at=None, given_up_at=None))
    else:
        tx.execute(
            update(models.agent)
            .where(c.staff_id == staff_id, c.away_at.is_(None))
            .values(away_at=tx.now + REASSIGN_AFTER)
        )
        tx.wake(timers.WAKE)


def _know(tx: Tx, staff_id: int) -> None:
    tx.run(_KNOW, (staff_id,))


def give_up(tx: Tx, limit: int) -> int:
    """Let what waits for an answer of long absent ones wait for anybody; the rest stays theirs until the customer
    writes. Answers for how many."""
    done = 0
    for staff_id in queries.away_due(tx, tx.now, min(limit, PIECE)):
        c = models.agent.c
        claimed = tx.execute(
            update(models.agent)
            .where(c.staff_id == staff_id, c.away_at <= tx.now, c.given_up_at.is_(None))
            .values(given_up_at=tx.now)
        )
        if claimed.rowcount == 1:
            done += 1
            for conversation_id in conversations.waiting_for_answer(tx, staff_id):
                conversations.requeue(tx, SYSTEM, conversation_id)
    return done


def drain_due(tx: Tx, limit: int) -> int:
    """Drain one group that wants it; answers how many were claimed."""
    for group_id in queries.groups_due(tx, "drain_at", tx.now, limit):
        c = models.group.c
        claimed = tx.execute(
            update(models.group).where(c.group_id == group_id, c.drain_at <= tx.now).values(drain_at=None)
        )
        if claimed.rowcount == 1:
            if drain(tx, group_id, PIECE):
                want_drain(tx, group_id)
            return 1
    return 0


def drain(tx: Tx, group_id: int, limit: int) -> bool:
    """Assign what waits, the longest waiting first, until nothing waits or all are full.

    At most `limit`, so that nobody else waits for this; answers whether there may be more to do.
    """
    queue = queries.waiting_in(tx, group_id, limit + 1)
    if not queue:
        return False
    people = {one.staff_id: one for one in queries.candidates(tx, group_id)}
    for row in queue[:limit]:
        chosen = rules.choose(list(people.values()))
        if chosen is None:
            return False
        if not _claim(tx, chosen):  # full meanwhile, through another group
            people[chosen.staff_id] = msgspec.structs.replace(chosen, load=chosen.capacity)
            return True
        _record(tx, row.conversation_id, group_id, list(people.values()), chosen)
        c = models.waiting.c
        tx.execute(delete(models.waiting).where(c.conversation_id == row.conversation_id))
        to = staff.StaffRef(chosen.staff_id, chosen.key, chosen.name)
        if conversations.assign(tx, SYSTEM, row.conversation_id, to):
            tx.execute(
                insert(models.held).values(conversation_id=row.conversation_id, staff_id=chosen.staff_id)
            )
            people[chosen.staff_id] = msgspec.structs.replace(
                chosen, load=chosen.load + 1, last_assigned_at=tx.now
            )
        else:  # taken by hand a moment ago: that fact will come
            _unclaim(tx, chosen)
    return len(queue) > limit


def _claim(tx: Tx, one: Candidate) -> bool:
    """Take a place, if there still is one."""
    _know(tx, one.staff_id)
    c = models.agent.c
    return (
        tx.execute(
            update(models.agent)
            .where(c.staff_id == one.staff_id, c.load < one.capacity)
            .values(load=c.load + 1, last_assigned_at=tx.now)
        ).rowcount
        == 1
    )


def _unclaim(tx: Tx, one: Candidate) -> None:
    c = models.agent.c
    tx.execute(
        update(models.agent)
        .where(c.staff_id == one.staff_id)
        .values(load=c.load - 1, last_assigned_at=one.last_assigned_at)
    )


def _record(
    tx: Tx, conversation_id: int, group_id: int, candidates: list[Candidate], chosen: Candidate
) -> None:
    tx.insert(
        models.decision,
        conversation_id=conversation_id,
        group_id=group_id,
        at=tx.now,
        staff_id=chosen.staff_id,
        policy=POLICY,
        candidates=msgspec.json.encode(rules.explain(candidates, chosen)).decode(),
    )


def tell_due(tx: Tx, limit: int) -> int:
    """Tell those who wait in one group how many are before them, at most once a second; answers how many groups."""
    for group_id in queries.groups_due(tx, "tell_at", tx.now, limit):
        c = models.group.c
        claimed = tx.execute(
            update(models.group)
            .where(c.group_id == group_id, c.tell_at <= tx.now)
            .values(tell_at=None, told_at=tx.now)
        )
        if claimed.rowcount == 1:
            if _tell(tx, group_id):
                tx.execute(
                    update(models.group)
                    .where(c.group_id == group_id)
                    .values(tell_at=tx.now + TELL_EVERY // 10)
                )
            return 1
    return 0


def _tell(tx: Tx, group_id: int) -> bool:
    """Whether some have still to be told."""
    moved = [
        (row.conversation_id, ahead)
        for ahead, row in enumerate(queries.waiting_in(tx, group_id))
        if row.ahead != ahead
    ]
    now, later = moved[:PLACES], moved[PLACES:]
    conversations.show_ahead(tx, dict(now))
    for conversation_id, ahead in now:
        c = models.waiting.c
        tx.execute(update(models.waiting).where(c.conversation_id == conversation_id).values(ahead=ahead))
    return bool(later)
