"""Conversations: who hears of what.

Staff: `thread/{key}` (whoever has it open), `inbox/group/{id}` (everybody of the group), `inbox/staff/{id}` (whoever
has it, also from outside the group). The visitor: `chat/{channel}/{contact}`.
"""

from __future__ import annotations

from collections.abc import Sequence

from yingke.kernel.entries import Audience, Change, drop
from yingke.rooms.conversations.models import Conversation, Message
from yingke.rooms.conversations.rows import (
    put_staff_conversation,
    put_staff_message,
    put_visitor_conversation,
    put_visitor_message,
)
from yingke.rooms.conversations.terms import State


def stream(conversation_id: int) -> str:
    return f"conversation:{conversation_id}"


def thread(key: str) -> str:
    return f"thread/{key}"


def of_group(group_id: int) -> str:
    return f"inbox/group/{group_id}"


def of_staff(staff_id: int) -> str:
    return f"inbox/staff/{staff_id}"


def chat(channel: str, contact: str) -> str:
    return f"chat/{channel}/{contact}"


def changed(
    c: Conversation,
    messages: Sequence[Message] = (),
    *,
    public: bool = True,
    left_staff: int | None = None,
    left_group: int | None = None,
) -> Audience:
    """The conversation as it is now, and what was added to it.

    public: whether the visitor's row changed (or only a note was added).
    left_staff, left_group: who no longer has it, and forgets it before anybody is told the new state.
    """
    row = put_staff_conversation(c)
    gone: list[Change] = [drop("conversation", c.key)]
    here: list[Change] = gone if c.state == State.CLOSED else [row]
    staff: dict[str, Sequence[Change]] = {}
    if left_staff is not None and left_staff != c.assignee_id:
        staff[of_staff(left_staff)] = gone
    if left_group is not None and left_group != c.group_id:
        staff[of_group(left_group)] = gone
    staff[of_group(c.group_id)] = here
    if c.assignee_id is not None:
        staff[of_staff(c.assignee_id)] = here
    staff[thread(c.key)] = [*(put_staff_message(c, m) for m in messages), row]
    visitor: dict[str, Sequence[Change]] = {}
    if public:
        visitor[chat(c.channel, c.contact)] = [
            *(put_visitor_message(c, m) for m in messages if m.public_seq is not None),
            put_visitor_conversation(c),
        ]
    moved = left_staff is not None or left_group is not None
    return Audience(
        stream=stream(c.id),
        subject=f"{messages[0].seq}" if len(messages) == 1 else None,
        staff=staff,
        visitor=visitor,
        customer_id=c.customer_id,
        reguard=[thread(c.key)] if moved else [],
    )


def quiet(c: Conversation) -> Audience:
    """A fact whose visible part is told by another entry of the same transaction."""
    return Audience(stream=stream(c.id), customer_id=c.customer_id)
