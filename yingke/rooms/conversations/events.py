"""Conversations: the facts."""

from __future__ import annotations

from yingke.kernel.entries import Event, event


@event("conversations.started")
class ConversationStarted(Event, frozen=True):
    conversation_id: int
    group_id: int
    channel: str


@event("conversations.queued")
class ConversationQueued(Event, frozen=True):
    """It waits for an agent: new, reopened, or given back. `queued_at` is kept when it is given back."""

    conversation_id: int
    group_id: int
    queued_at: int


@event("conversations.assigned")
class ConversationAssigned(Event, frozen=True):
    conversation_id: int
    group_id: int
    staff_id: int
    previous_id: int | None


@event("conversations.closed")
class ConversationClosed(Event, frozen=True):
    conversation_id: int
    group_id: int
    staff_id: int | None
    reason: str


@event("conversations.reopened")
class ConversationReopened(Event, frozen=True):
    conversation_id: int
    group_id: int


@event("conversations.message_added")
class MessageAdded(Event, frozen=True):
    conversation_id: int
    seq: int
    sender_kind: str
    message_kind: str
    group_id: int
    staff_id: int | None  # whoever has the conversation


@event("conversations.marked")
class ConversationMarked(Event, frozen=True):
    """One side has received or read further."""

    conversation_id: int
    by: str


@event("conversations.shown")
class ConversationShown(Event, frozen=True):
    """What it shows changed (a name, the place in the queue), and nothing else."""

    conversation_id: int
