"""Conversations: what each kind of viewer sees of a row. A visitor's row is built on its own, never cut from a staff
row."""

from __future__ import annotations

from typing import Any

import msgspec

from yingke.kernel.clock import moment, moment_or_none
from yingke.kernel.entries import Put, RowOut, put
from yingke.rooms.conversations.models import Conversation, Message
from yingke.rooms.conversations.terms import (
    AgentName,
    Last,
    Ref,
    Sender,
    StaffConversation,
    StaffMessage,
    VisitorConversation,
    VisitorMessage,
)


def staff_conversation(c: Conversation) -> StaffConversation:
    return StaffConversation(
        key=c.key,
        channel=c.channel,
        site=Ref(c.site_key, c.site_name or "") if c.site_key else None,
        group=Ref(c.group_key, c.group_name),
        state=c.state,
        assignee=Ref(c.assignee_key, c.assignee_name or "") if c.assignee_key else None,
        customer=Ref(c.customer_key, c.customer_name),
        started_at=moment(c.started_at),
        queued_at=moment(c.queued_at),
        waiting_since=moment_or_none(c.waiting_since),
        last=None
        if c.last_at is None
        else Last(c.last_seq, moment(c.last_at), c.last_from or "", c.last_kind or "", c.last_text or ""),
        last_seq=c.last_seq,
        unread=c.staff_unread,
        staff_delivered=c.staff_delivered,
        staff_read=c.staff_read,
        customer_delivered=c.customer_delivered,
        customer_read=c.customer_read,
        closed_at=moment_or_none(c.closed_at),
        close_reason=c.close_reason,
    )


def visitor_conversation(c: Conversation) -> VisitorConversation:
    return VisitorConversation(
        key=c.key,
        no=c.no,
        state=c.state,
        agent=AgentName(c.assignee_name) if c.assignee_name else None,
        ahead=c.ahead,
        staff_delivered=c.staff_delivered_public,
        staff_read=c.staff_read_public,
        delivered=c.customer_delivered_public,
        read=c.customer_read_public,
        unread=c.customer_unread,
        last_seq=c.last_public_seq,
        closed_at=moment_or_none(c.closed_at),
    )


def _params(message: Message) -> dict[str, Any]:
    return msgspec.json.decode(message.params, type=dict[str, Any]) if message.params else {}


def staff_message(c: Conversation, m: Message) -> StaffMessage:
    return StaffMessage(
        conversation=c.key,
        seq=m.seq,
        at=moment(m.at),
        from_=m.sender_kind,
        sender=Ref(m.sender_key, m.sender_name or "") if m.sender_key else None,
        kind=m.kind,
        text=m.text,
        code=m.code,
        params=_params(m),
        id=m.client_id,
    )


def visitor_message(c: Conversation, m: Message) -> VisitorMessage:
    """Only for messages that have a `public_seq`."""
    own = m.sender_kind == Sender.CUSTOMER
    return VisitorMessage(
        conversation=c.key,
        no=c.no,
        seq=m.public_seq or 0,
        at=moment(m.at),
        from_="visitor" if own else m.sender_kind,
        name="" if own else m.sender_name or "",
        kind=m.kind,
        text=m.text,
        code=m.code,
        params=_params(m),
        id=m.client_id if own else None,
    )


def put_staff_conversation(c: Conversation) -> Put:
    return put("conversation", c.key, c.rev, staff_conversation(c))


def put_visitor_conversation(c: Conversation) -> Put:
    return put("conversation", c.key, c.public_rev, visitor_conversation(c))


def put_staff_message(c: Conversation, m: Message) -> Put:
    return put("message", f"{c.key}.{m.seq}", m.rev, staff_message(c, m))


def put_visitor_message(c: Conversation, m: Message) -> Put:
    return put("message", f"{c.key}.{m.public_seq}", m.rev, visitor_message(c, m))


def as_row(change: Put) -> RowOut:
    """A put as a snapshot has it."""
    return change[1:]
