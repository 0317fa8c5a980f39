"""Receiving messages, from customers and staff alike: the hot path, batched.

Duplicates are found before anything is numbered; then each conversation's new messages get their numbers in the order
of the calls; then everything is written with one statement for each table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from yingke.kernel.db import Tx, batched
from yingke.kernel.errors import FieldError, Invalid, NotFound, Problem
from yingke.kernel.ids import new_key
from yingke.kernel.rights import Actor
from yingke.rooms.conversations import audience, events, models, queries, rules
from yingke.rooms.conversations.actions.write import add_event, insert_messages, save, update_counted
from yingke.rooms.conversations.models import Conversation, Message
from yingke.rooms.conversations.terms import REPLY, Code, Kind, Sender, State


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a customer's message comes in, and what a conversation begun by it is made of."""

    channel: str
    contact: str
    site_key: str | None
    site_name: str | None
    group_id: int
    group_key: str
    group_name: str
    customer_id: int
    customer_key: str
    customer_name: str


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way in. `to` is a place for customers, a conversation's key for staff."""

    who: Actor
    to: Place | str
    kind: Kind
    text: str
    client_id: str
    digest: bytes

    @property
    def sender(self) -> tuple[str, int]:
        if isinstance(self.to, Place):
            return Sender.CUSTOMER, self.to.customer_id
        return Sender.STAFF, self.who.id


class Kept(NamedTuple):
    """A message that is kept: the numbers both sides know it by."""

    conversation: str
    no: int
    seq: int
    public_seq: int | None
    at: int


def receive_many(tx: Tx, calls: Sequence[Inbound]) -> list[Kept | Exception]:
    """Keep each message once; a repeat gets the answer of the first time.

    Refusals: `id_reused`, `not_found`, `forbidden`, `conversation_closed`.
    """
    answers: dict[int, Kept | Exception] = {}
    seen: dict[tuple[str, int, str], tuple[bytes, Kept]] = {
        (kind, id_, client): (bytes(digest), Kept(key, no, seq, public_seq, at))
        for kind, id_, client, seq, public_seq, at, digest, _, key, no in queries.known(
            tx, [(*call.sender, call.client_id) for call in calls]
        )
    }
    fresh = [n for n, call in enumerate(calls) if (*call.sender, call.client_id) not in seen]
    found = _conversations(tx, [calls[n] for n in fresh])
    added: list[tuple[Inbound, Conversation, Message]] = []
    for n in fresh:
        call = calls[n]
        key = (*call.sender, call.client_id)
        if key in seen:  # twice in this very group
            continue
        try:
            conversation = _target(tx, call, found)
        except Problem as refusal:
            answers[n] = refusal
            continue
        message = _number(tx, call, conversation)
        added.append((call, conversation, message))
        seen[key] = (
            call.digest,
            Kept(conversation.key, conversation.no, message.seq, message.public_seq, message.at),
        )
    insert_messages(tx, [message for _, _, message in added])
    update_counted(tx, {c.id: c for _, c, _ in added}.values())
    for n, call in enumerate(calls):
        if n not in answers:
            digest, kept = seen[*call.sender, call.client_id]
            answers[n] = kept if digest == call.digest else _reused()
    return [answers[n] for n in range(len(calls))]


receive = batched(receive_many)


def _reused() -> Invalid:
    return Invalid("id_reused", errors=[FieldError("id", "id_reused")])


def _conversations(tx: Tx, calls: Sequence[Inbound]) -> dict[str | tuple[str, str], Conversation]:
    """The conversations these calls write in, by key or by contact, locked."""
    contacts = {(call.to.channel, call.to.contact) for call in calls if isinstance(call.to, Place)}
    keys = {call.to for call in calls if isinstance(call.to, str)}
    found: dict[str | tuple[str, str], Conversation] = {}
    for conversation in (*queries.open_of(tx, sorted(contacts)), *queries.by_keys(tx, sorted(keys))):
        # A visitor and an agent may write in the same conversation within one group: one object for both.
        conversation = found.setdefault(conversation.key, conversation)
        if conversation.state != State.CLOSED:
            found[conversation.channel, conversation.contact] = conversation
    return found


def _target(tx: Tx, call: Inbound, found: dict[str | tuple[str, str], Conversation]) -> Conversation:
    if isinstance(call.to, str):
        conversation = found.get(call.to)
        if conversation is None:
            raise NotFound()
        queries.must_reach(call.who, conversation, REPLY)
        if call.kind is Kind.TEXT:
            rules.must_be(conversation, State.QUEUED, State.ACTIVE)
        return conversation
    place = (call.to.channel, call.to.contact)
    conversation = found.get(place)
    if conversation is None:
        conversation = _begin(tx, call.who, call.to)
        found[place] = found[conversation.key] = conversation
    return conversation


def _begin(tx: Tx, who: Actor, place: Place) -> Conversation:
    """Reopen the contact's last conversation while it is fresh, else begin one."""
    latest = queries.of_contact(tx, place.channel, place.contact, 1)
    last = latest[0] if latest else None
    if last is not None and rules.may_reopen(last, tx.now):
        return reopen_queued(tx, queries.by_id(tx, last.id), who)
    conversation = Conversation(
        id=0,
        key=new_key(),
        no=last.no + 1 if last else 1,
        state=State.QUEUED,
        started_at=tx.now,
        queued_at=tx.now,
        **msgspec.structs.asdict(place),
    )
    values = msgspec.structs.asdict(conversation)
    del values["id"]
    conversation.id = tx.insert(models.conversation, **values)
    tx.emit(
        events.ConversationStarted(conversation.id, conversation.group_id, conversation.channel),
        to=audience.quiet(conversation),
        by=who,
    )
    _tell_queued(tx, conversation, who)
    return conversation


def reopen_queued(tx: Tx, c: Conversation, who: Actor) -> Conversation:
    """Open an ended conversation again; who answers it is decided anew."""
    c.state, c.closed_at, c.close_reason = State.QUEUED, None, None
    c.assignee_id = c.assignee_key = c.assignee_name = None
    c.queued_at, c.ahead = tx.now, None
    event = add_event(tx, c, who, Code.REOPENED)
    save(tx, c)
    tx.emit(events.ConversationReopened(c.id, c.group_id), to=audience.changed(c, [event]), by=who)
    _tell_queued(tx, c, who)
    return c


def _tell_queued(tx: Tx, c: Conversation, who: Actor) -> None:
    tx.emit(events.ConversationQueued(c.id, c.group_id, c.queued_at), to=audience.quiet(c), by=who)


def _number(tx: Tx, call: Inbound, c: Conversation) -> Message:
    """Give the message its place, and tell its audience."""
    kind, id_ = call.sender
    sender = Sender(kind)
    public = call.kind is not Kind.NOTE
    rules.take_in(c, sender, call.kind, call.text, tx.now, public=public)
    message = Message(
        conversation_id=c.id,
        seq=c.last_seq,
        public_seq=c.last_public_seq if public else None,
        at=tx.now,
        sender_kind=kind,
        sender_id=id_,
        sender_key=call.who.key if sender is Sender.STAFF else c.customer_key,
        sender_name=call.who.name if sender is Sender.STAFF else c.customer_name,
        kind=call.kind,
        text=call.text,
        client_id=call.client_id,
        digest=call.digest,
    )
    tx.emit(
        events.MessageAdded(c.id, message.seq, kind, call.kind, c.group_id, c.assignee_id),
        to=audience.changed(c, [message], public=public),
        by=call.who,
    )
    return message
