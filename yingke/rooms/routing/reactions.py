"""Routing: what follows from facts."""

from __future__ import annotations

from collections.abc import Sequence

from yingke.kernel.db import Tx
from yingke.kernel.entries import Entry
from yingke.kernel.journal import on, on_many
from yingke.kernel.rights import SYSTEM
from yingke.rooms.conversations import api as conversations
from yingke.rooms.conversations.events import (
    ConversationAssigned,
    ConversationClosed,
    ConversationQueued,
    MessageAdded,
)
from yingke.rooms.routing import actions, queries
from yingke.rooms.routing.terms import READER
from yingke.rooms.staff.events import StaffAvailabilityChanged, StaffChanged


@on(ConversationQueued, reader=READER)
def queued(tx: Tx, _: Entry, fact: ConversationQueued) -> None:
    actions.wait(tx, fact.conversation_id, fact.group_id, fact.queued_at)


@on(ConversationAssigned, reader=READER)
def assigned(tx: Tx, _: Entry, fact: ConversationAssigned) -> None:
    actions.hold(tx, fact.conversation_id, fact.group_id, fact.staff_id)


@on(ConversationClosed, reader=READER)
def closed(tx: Tx, _: Entry, fact: ConversationClosed) -> None:
    actions.end(tx, fact.conversation_id, fact.group_id)


@on(StaffAvailabilityChanged, reader=READER)
def available(tx: Tx, _: Entry, fact: StaffAvailabilityChanged) -> None:
    actions.present(tx, fact.staff_id, fact.connected)
    if fact.accepting:
        actions.free_capacity(tx, fact.staff_id)


@on(StaffChanged, reader=READER)
def staff_changed(tx: Tx, _: Entry, fact: StaffChanged) -> None:
    actions.free_capacity(tx, fact.staff_id)  # a raised limit, another group


@on_many(MessageAdded, reader=READER)
def written(tx: Tx, entries: Sequence[tuple[Entry, MessageAdded]]) -> None:
    """Whoever writes to somebody long absent is given to somebody present."""
    by_customers = [
        fact for _, fact in entries if fact.sender_kind == "customer" and fact.staff_id is not None
    ]
    away = queries.long_away(tx, {fact.staff_id for fact in by_customers if fact.staff_id}, tx.now)
    for conversation_id in sorted({fact.conversation_id for fact in by_customers if fact.staff_id in away}):
        conversations.requeue(tx, SYSTEM, conversation_id)
