"""Taking, giving back, ending and opening again."""

from __future__ import annotations

from collections.abc import Mapping

from yingke.kernel.db import Tx
from yingke.kernel.errors import NotFound, Refused
from yingke.kernel.rights import Actor
from yingke.rooms.conversations import audience, events, queries, rules
from yingke.rooms.conversations.actions.receive import reopen_queued
from yingke.rooms.conversations.actions.write import add_event, save
from yingke.rooms.conversations.models import Conversation
from yingke.rooms.conversations.rows import staff_conversation, visitor_conversation
from yingke.rooms.conversations.terms import (
    REPLY,
    CloseReason,
    Code,
    Ref,
    StaffConversation,
    State,
    VisitorConversation,
)
from yingke.rooms.staff import api as staff

PIECE = 100  # conversations looked up at once


def take(tx: Tx, who: Actor, key: str, over: bool = False) -> StaffConversation:
    """Have it oneself, out of the queue; with `over` also from a colleague.

    Raises NotFound, Forbidden, Refused (`conversation_state`, `conversation_taken`).
    """
    c = queries.for_change(tx, who, key, REPLY)
    rules.must_be(c, State.QUEUED, State.ACTIVE)
    if c.assignee_id != who.id:
        if c.state == State.ACTIVE and not over:  # two have pressed the same button: the first has it
            raise Refused("conversation_taken", {"name": c.assignee_name or ""})
        _give(tx, who, c, staff.StaffRef(who.id, who.key, who.name))
    return staff_conversation(c)


def assign(tx: Tx, by: Actor, conversation_id: int, to: staff.StaffRef) -> bool:
    """Give a waiting conversation to somebody; False when it no longer waits. For routing."""
    c = queries.by_id(tx, conversation_id)
    if c.state != State.QUEUED:
        return False
    _give(tx, by, c, to)
    return True


def _give(tx: Tx, by: Actor, c: Conversation, to: staff.StaffRef) -> None:
    previous = c.assignee_id
    c.state, c.ahead = State.ACTIVE, None
    c.assignee_id, c.assignee_key, c.assignee_name = to.id, to.key, to.name
    event = add_event(tx, c, by, Code.AGENT_JOINED, name=to.name)
    save(tx, c)
    tx.emit(
        events.ConversationAssigned(c.id, c.group_id, to.id, previous),
        to=audience.changed(c, [event], left_staff=previous),
        by=by,
    )


def requeue(tx: Tx, by: Actor, conversation_id: int) -> bool:
    """Take it from whoever has it and let it wait again, at its old place; False when nobody has it. For routing."""
    c = queries.by_id(tx, conversation_id)
    if c.state != State.ACTIVE:
        return False
    previous = c.assignee_id
    c.state = State.QUEUED
    c.assignee_id = c.assignee_key = c.assignee_name = None
    event = add_event(tx, c, by, Code.QUEUED_AGAIN, public=False)
    c.public_rev += 1  # the visitor sees that nobody has it
    save(tx, c)
    tx.emit(
        events.ConversationQueued(c.id, c.group_id, c.queued_at),
        to=audience.changed(c, [event], left_staff=previous),
        by=by,
    )
    return True


def close(tx: Tx, who: Actor, key: str) -> StaffConversation:
    """End it. Raises NotFound, Forbidden, Refused (`conversation_state`)."""
    c = queries.for_change(tx, who, key, REPLY)
    rules.must_be(c, State.QUEUED, State.ACTIVE)
    _close(tx, who, c, CloseReason.AGENT)
    return staff_conversation(c)


def end(tx: Tx, who: Actor, key: str, channel: str, contact: str) -> VisitorConversation:
    """The customer ends it; ending what has ended changes nothing. Raises NotFound."""
    queries.lock(tx, key)
    c = queries.of_key_and_contact(tx, key, channel, contact)
    if c is None:
        raise NotFound()
    if c.state != State.CLOSED:
        _close(tx, who, c, CloseReason.VISITOR)
    return visitor_conversation(c)


def _close(tx: Tx, who: Actor, c: Conversation, reason: CloseReason) -> None:
    c.state, c.closed_at, c.close_reason = State.CLOSED, tx.now, reason
    c.waiting_since = c.ahead = None
    event = add_event(tx, c, who, Code.CLOSED, reason=reason)
    save(tx, c)
    tx.emit(
        events.ConversationClosed(c.id, c.group_id, c.assignee_id, reason),
        to=audience.changed(c, [event]),
        by=who,
    )


def reopen(tx: Tx, who: Actor, key: str) -> StaffConversation:
    """Open an ended one again and have it oneself.

    Raises NotFound, Forbidden, Refused (`conversation_state`, `other_conversation_open`).
    """
    c = queries.for_change(tx, who, key, REPLY)
    rules.must_be(c, State.CLOSED)
    latest = queries.of_contact(tx, c.channel, c.contact, 1)[0]
    if latest.state != State.CLOSED:
        raise Refused("other_conversation_open", {"conversation": latest.key})
    reopen_queued(tx, c, who)
    _give(tx, who, c, staff.StaffRef(who.id, who.key, who.name))
    return staff_conversation(c)


def show_ahead(tx: Tx, ahead: Mapping[int, int]) -> None:
    """Tell waiting customers how many are before them: conversation id → number. For routing."""
    for conversation_id in sorted(ahead):
        c = queries.by_id(tx, conversation_id)
        if c.state == State.QUEUED and c.ahead != ahead[conversation_id]:
            c.ahead = ahead[conversation_id]
            _show(tx, c)


def rename(
    tx: Tx,
    conversation_id: int,
    *,
    customer: Ref | None = None,
    assignee: Ref | None = None,
    group: Ref | None = None,
    site: Ref | None = None,
) -> None:
    """Show the new name of somebody this conversation names."""
    c = queries.by_id(tx, conversation_id)
    if customer is not None:
        c.customer_name = customer.name
    if assignee is not None and c.assignee_key == assignee.key:
        c.assignee_name = assignee.name
    if group is not None:
        c.group_name = group.name
    if site is not None:
        c.site_name = site.name
    _show(tx, c)


def rename_each(tx: Tx, column: str, value: int | str, **names: Ref) -> None:
    """The same for every open conversation whose `column` is `value`."""
    after = 0
    while ids := queries.open_ids_naming(tx, column, value, after, PIECE):
        for conversation_id in ids:
            rename(tx, conversation_id, **names)
        after = ids[-1]


def rename_site(tx: Tx, key: str, name: str) -> None:
    """Show a site's new name. For visitors."""
    rename_each(tx, "site_key", key, site=Ref(key, name))


def _show(tx: Tx, c: Conversation) -> None:
    c.rev += 1
    c.public_rev += 1
    save(tx, c)
    tx.emit(events.ConversationShown(c.id), to=audience.changed(c))
