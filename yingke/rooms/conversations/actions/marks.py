"""How far each side has received and read. Marks only grow; they come often, so they are batched."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from yingke.kernel.db import Tx, batched
from yingke.kernel.errors import NotFound, Problem
from yingke.kernel.rights import Actor
from yingke.rooms.conversations import audience, events, queries
from yingke.rooms.conversations.actions.write import save
from yingke.rooms.conversations.models import Conversation
from yingke.rooms.conversations.rows import visitor_conversation
from yingke.rooms.conversations.terms import READ, Marks, Sender


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """delivered, read: in the count of whoever marks (`seq` for staff, `public_seq` for the customer).

    contact: (channel, address) when the customer marks.
    """

    who: Actor
    conversation: str
    delivered: int
    read: int
    contact: tuple[str, str] | None = None


def mark_many(tx: Tx, calls: Sequence[Mark]) -> list[Marks | Exception]:
    """Move marks forward. Staff's count only for whoever has the conversation: a colleague's look is no reading."""
    found = {c.key: c for c in queries.by_keys(tx, sorted({call.conversation for call in calls}))}
    answers: list[Marks | Exception] = []
    for call in calls:
        try:
            answers.append(_mark(tx, call, found.get(call.conversation)))
        except Problem as refusal:
            answers.append(refusal)
    return answers


mark = batched(mark_many)


def _mark(tx: Tx, call: Mark, c: Conversation | None) -> Marks:
    if c is None or (call.contact is not None and call.contact != (c.channel, c.contact)):
        raise NotFound()
    before = visitor_conversation(c)
    if call.contact is not None:
        moved, marks = _customer(tx, call, c)
    else:
        queries.must_reach(call.who, c, READ)
        moved, marks = _staff(tx, call, c)
    if moved:
        public = before != visitor_conversation(c)  # having read a note must not show
        c.rev += 1
        c.public_rev += public
        save(tx, c)
        tx.emit(
            events.ConversationMarked(c.id, "customer" if call.contact else "staff"),
            to=audience.changed(c, public=public),
            by=call.who,
        )
    return marks


def _customer(tx: Tx, call: Mark, c: Conversation) -> tuple[bool, Marks]:
    read = max(c.customer_read_public, min(call.read, c.last_public_seq))
    delivered = max(c.customer_delivered_public, min(call.delivered, c.last_public_seq), read)
    moved = (delivered, read) != (c.customer_delivered_public, c.customer_read_public)
    if read > c.customer_read_public:
        c.customer_read_public, c.customer_read = read, queries.seq_of_public(tx, c.id, read)
        c.customer_unread = queries.count_from(tx, c.id, Sender.STAFF, c.customer_read)
    if delivered > c.customer_delivered_public:
        c.customer_delivered_public = delivered
        c.customer_delivered = queries.seq_of_public(tx, c.id, delivered)
    return moved, Marks(delivered, read)


def _staff(tx: Tx, call: Mark, c: Conversation) -> tuple[bool, Marks]:
    if c.assignee_id != call.who.id:
        return False, Marks(c.staff_delivered, c.staff_read)
    read = max(c.staff_read, min(call.read, c.last_seq))
    delivered = max(c.staff_delivered, min(call.delivered, c.last_seq), read)
    moved = (delivered, read) != (c.staff_delivered, c.staff_read)
    if read > c.staff_read:
        c.staff_read, c.staff_read_public = read, queries.public_of(tx, c.id, read)
        c.staff_unread = queries.count_from(tx, c.id, Sender.CUSTOMER, read)
    if delivered > c.staff_delivered:
        c.staff_delivered, c.staff_delivered_public = delivered, queries.public_of(tx, c.id, delivered)
    return moved, Marks(delivered, read)
