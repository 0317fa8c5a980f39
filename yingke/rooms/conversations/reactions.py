"""Conversations: what follows from facts: the search index, and names that others have changed."""

from __future__ import annotations

from collections.abc import Sequence

from yingke.kernel.db import Tx
from yingke.kernel.entries import Entry
from yingke.kernel.journal import on, on_many
from yingke.rooms.conversations import models, queries
from yingke.rooms.conversations.actions.lifecycle import rename_each
from yingke.rooms.conversations.events import MessageAdded
from yingke.rooms.conversations.terms import SEARCH_READER, Kind, Ref
from yingke.rooms.customers import api as customers
from yingke.rooms.customers.events import CustomerChanged
from yingke.rooms.staff import api as staff
from yingke.rooms.staff.events import GroupChanged, StaffChanged


@on_many(MessageAdded, reader=SEARCH_READER)
def index(tx: Tx, entries: Sequence[tuple[Entry, MessageAdded]]) -> None:
    """Make what was said findable."""
    places = [(fact.conversation_id, fact.seq) for _, fact in entries if fact.message_kind != Kind.EVENT]
    models.message_search.put(tx, queries.texts(tx, places))


@on(CustomerChanged, reader="conversations.names")
def rename_customer(tx: Tx, _: Entry, fact: CustomerChanged) -> None:
    ref = customers.refs(tx, [fact.customer_id]).get(fact.customer_id)
    if ref is not None:
        rename_each(tx, "customer_id", fact.customer_id, customer=Ref(ref.key, ref.name))


@on(StaffChanged, reader="conversations.names")
def rename_assignee(tx: Tx, _: Entry, fact: StaffChanged) -> None:
    ref = staff.refs(tx, [fact.staff_id]).get(fact.staff_id)
    if ref is not None:
        rename_each(tx, "assignee_id", fact.staff_id, assignee=Ref(ref.key, ref.name))


@on(GroupChanged, reader="conversations.names")
def rename_group(tx: Tx, _: Entry, fact: GroupChanged) -> None:
    ref = staff.group_refs(tx, [fact.group_id]).get(fact.group_id)
    if ref is not None:
        rename_each(tx, "group_id", fact.group_id, group=Ref(ref.key, ref.name))
