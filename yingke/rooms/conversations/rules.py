"""Conversations: decisions, without a database."""

from __future__ import annotations

from yingke.kernel.errors import Refused
from yingke.kernel.rights import Actor, Scope
from yingke.rooms.conversations.models import Conversation
from yingke.rooms.conversations.terms import PREVIEW, REOPEN_WITHIN, Kind, Sender, State


def reaches(scope: Scope | None, who: Actor, conversation: Conversation) -> bool:
    """Whether a right of this scope covers the conversation; one's own is always within."""
    if scope is None:
        return False
    if scope is Scope.ALL or conversation.assignee_id == who.id:
        return True
    return scope is Scope.GROUP and conversation.group_id in who.groups


def must_be(conversation: Conversation, *states: State) -> None:
    """Raises Refused (`conversation_state`)."""
    if conversation.state not in states:
        raise Refused("conversation_state", {"state": conversation.state})


def may_reopen(conversation: Conversation, now: int) -> bool:
    """Whether what the customer writes now still belongs to this ended conversation (live-chat 10)."""
    return conversation.closed_at is not None and now - conversation.closed_at <= REOPEN_WITHIN


def take_in(
    conversation: Conversation, sender: Sender, kind: Kind, text: str, at: int, *, public: bool
) -> None:
    """Count one more message: number, last words, who waits for whom, unread of the other side."""
    c = conversation
    c.last_seq += 1
    c.rev += 1
    if public:
        c.last_public_seq += 1
        c.public_rev += 1
    if kind is Kind.EVENT:
        return
    c.last_at, c.last_from, c.last_kind, c.last_text = at, sender, kind, text[:PREVIEW]
    if sender is Sender.CUSTOMER:
        c.staff_unread += 1
        c.waiting_since = c.waiting_since or at
    elif public:
        c.customer_unread += 1
        c.waiting_since = None
