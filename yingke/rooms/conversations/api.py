"""Conversations: what other rooms and the channels may call."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from yingke.kernel.db import Read
from yingke.kernel.entries import RowOut
from yingke.rooms.conversations import audience, queries
from yingke.rooms.conversations.actions.lifecycle import assign, end, rename_site, requeue, show_ahead
from yingke.rooms.conversations.actions.marks import Mark, mark
from yingke.rooms.conversations.actions.receive import Inbound, Kept, Place, receive, receive_many
from yingke.rooms.conversations.rows import (
    as_row,
    put_visitor_conversation,
    put_visitor_message,
)
from yingke.rooms.conversations.terms import LATEST, State


class OpenConversation(msgspec.Struct, frozen=True):
    """A contact's open conversation, as far as a channel must know it."""

    key: str
    customer_key: str
    customer_name: str


class Thread(msgspec.Struct, frozen=True):
    """A contact's rows as the visitor sees them, oldest first."""

    rows: list[RowOut]
    more: bool


def chat_topic(channel: str, contact: str) -> str:
    """The inner topic of what this contact sees."""
    return audience.chat(channel, contact)


def thread_topic(key: str) -> str:
    """The inner topic of a conversation's thread, for staff."""
    return audience.thread(key)


def open_of_contact(read: Read, channel: str, contact: str) -> OpenConversation | None:
    """The contact's conversation that is not closed."""
    latest = queries.of_contact(read, channel, contact, 1)
    if not latest or latest[0].state == State.CLOSED:
        return None
    return OpenConversation(latest[0].key, latest[0].customer_key, latest[0].customer_name)


def latest_of_contact(read: Read, channel: str, contact: str) -> Thread:
    """The contact's latest conversation and messages, and those of the one before when it has few."""
    conversations = queries.of_contact(read, channel, contact, 2)
    rows: list[RowOut] = []
    left = LATEST
    more = False
    for conversation in conversations:
        if left <= 0:
            more = True
            break
        messages = queries.latest_messages(read, conversation, public=True, limit=left)
        more = more or (bool(messages) and (messages[0].public_seq or 0) > 1)
        left -= len(messages)
        head = as_row(put_visitor_conversation(conversation))
        rows = [head, *(as_row(put_visitor_message(conversation, m)) for m in messages), *rows]
    return Thread(rows, more or bool(conversations and conversations[-1].no > 1))


def history_of_contact(
    read: Read, channel: str, contact: str, before: tuple[int, int] | None, limit: int
) -> Thread:
    """A page of a contact's messages older than `before` (no, public seq), oldest first."""
    rows: list[RowOut] = []
    left = limit
    for conversation in queries.contact_up_to(read, channel, contact, before[0] if before else None, limit):
        if left <= 0:
            break
        under = before[1] if before and before[0] == conversation.no else None
        messages = queries.latest_messages(read, conversation, public=True, before=under, limit=left)
        left -= len(messages)
        rows = [*(as_row(put_visitor_message(conversation, m)) for m in messages), *rows]
    return Thread(rows, left <= 0)


def waiting_for_answer(read: Read, staff_id: int) -> Sequence[int]:
    """Ids of the conversations of somebody whose customer waits for an answer."""
    return [c.id for c in queries.of_assignee(read, staff_id) if c.waiting_since is not None]


__all__ = [
    "Inbound",
    "Kept",
    "Mark",
    "OpenConversation",
    "Place",
    "Thread",
    "assign",
    "chat_topic",
    "end",
    "history_of_contact",
    "latest_of_contact",
    "mark",
    "open_of_contact",
    "receive",
    "receive_many",
    "rename_site",
    "requeue",
    "show_ahead",
    "thread_topic",
    "waiting_for_answer",
]
