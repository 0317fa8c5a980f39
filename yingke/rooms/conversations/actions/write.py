"""Writing rows: shared by every action of this room, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import update

from yingke.kernel.db import Sql, Tx
from yingke.kernel.rights import Actor
from yingke.rooms.conversations import models, rules
from yingke.rooms.conversations.models import CONVERSATION_FIELDS, MESSAGE_FIELDS, Conversation, Message
from yingke.rooms.conversations.terms import Code, Kind, Sender

_marks = ", ".join("?" for _ in MESSAGE_FIELDS)
_types = {
    "conversation_id": "bigint",
    "seq": "bigint",
    "public_seq": "bigint",
    "at": "bigint",
    "sender_id": "bigint",
    "digest": "bytea",
    "rev": "int",
}
_arrays = ", ".join(f"%s::{_types.get(name, 'text')}[]" for name in MESSAGE_FIELDS)
_INSERT_MESSAGES = Sql(
    f"INSERT INTO message ({', '.join(MESSAGE_FIELDS)}) VALUES ({_marks})",
    f"INSERT INTO message ({', '.join(MESSAGE_FIELDS)}) SELECT * FROM unnest({_arrays})",
)

# What a message changes in its conversation.
_COUNTED = {
    "last_seq": "bigint",
    "last_public_seq": "bigint",
    "last_at": "bigint",
    "last_from": "text",
    "last_kind": "text",
    "last_text": "text",
    "waiting_since": "bigint",
    "staff_unread": "int",
    "customer_unread": "int",
    "rev": "bigint",
    "public_rev": "bigint",
}
_counted = attrgetter(*_COUNTED, "id")
_UPDATE_COUNTED = Sql(
    f"UPDATE conversation SET {', '.join(f'{name} = ?' for name in _COUNTED)} WHERE id = ?",
    f"UPDATE conversation SET {', '.join(f'{name} = j.{name}' for name in _COUNTED)} FROM unnest("
    f"{', '.join(f'%s::{type_}[]' for type_ in _COUNTED.values())}, %s::bigint[])"
    f" AS j({', '.join(_COUNTED)}, id) WHERE conversation.id = j.id",
)


def insert_messages(tx: Tx, messages: Sequence[Message]) -> None:
    tx.run_rows(_INSERT_MESSAGES, [msgspec.structs.astuple(message) for message in messages])


def update_counted(tx: Tx, conversations: Iterable[Conversation]) -> None:
    """Write what `rules.take_in` changed."""
    tx.run_rows(_UPDATE_COUNTED, [_counted(c) for c in conversations])


def save(tx: Tx, c: Conversation) -> None:
    """Write the whole row."""
    values = {name: getattr(c, name) for name in CONVERSATION_FIELDS if name != "id"}
    tx.execute(update(models.conversation).where(models.conversation.c.id == c.id).values(**values))


def add_event(
    tx: Tx, c: Conversation, by: Actor, code: Code, *, public: bool = True, **params: Any
) -> Message:
    """Add what happened to the thread; the caller saves the conversation."""
    rules.take_in(c, Sender.SYSTEM, Kind.EVENT, "", tx.now, public=public)
    message = Message(
        conversation_id=c.id,
        seq=c.last_seq,
        public_seq=c.last_public_seq if public else None,
        at=tx.now,
        sender_kind=Sender.SYSTEM,
        sender_id=by.id,
        sender_key=by.key if by.kind == "staff" else None,
        sender_name=by.name if by.kind == "staff" else None,
        kind=Kind.EVENT,
        text="",
        code=code,
        params=msgspec.json.encode(params).decode() if params else None,
    )
    insert_messages(tx, [message])
    return message
