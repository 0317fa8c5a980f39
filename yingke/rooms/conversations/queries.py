"""Conversations: every SELECT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from yingke.kernel.db import Read, Sql, Tx
from yingke.kernel.errors import Forbidden, NotFound
from yingke.kernel.ids import is_key
from yingke.kernel.rights import Actor, Scope
from yingke.rooms.conversations import models, rules
from yingke.rooms.conversations.models import CONVERSATION_FIELDS, MESSAGE_FIELDS, Conversation, Message
from yingke.rooms.conversations.terms import INBOX, LATEST, READ, State

_c = models.conversation.c
_m = models.message.c
_conversation_columns = [models.conversation.c[name] for name in CONVERSATION_FIELDS]
_message_columns = [models.message.c[name] for name in MESSAGE_FIELDS]


def _conversation(row: Sequence[Any]) -> Conversation:
    return Conversation(*row)


def _message(row: Sequence[Any]) -> Message:
    return Message(*row)


# --- one -------------------------------------------------------------------------------------------------------------


def scope(who: Actor, right: str) -> ColumnElement[bool]:
    """The predicate of what this right lets `who` see: for every list and search."""
    held = who.scope(right)
    if held is None:
        return false()
    if held is Scope.ALL:
        return true()
    own = _c.assignee_id == who.id
    return or_(own, _c.group_id.in_(who.groups)) if held is Scope.GROUP else own


def visible(read: Read, who: Actor, key: str, right: str = READ) -> Conversation:
    """The conversation, if this right of `who` reaches it.

    Raises NotFound, also for what exists and may not be known of.
    """
    found = _by_key(read, key)
    if found is None:
        raise NotFound()
    must_reach(who, found, right)
    return found


def must_reach(who: Actor, conversation: Conversation, right: str) -> None:
    """Raises NotFound where `who` may not even read it, Forbidden where this right does not reach."""
    if not rules.reaches(who.scope(READ), who, conversation):
        raise NotFound()
    if not rules.reaches(who.scope(right), who, conversation):
        raise Forbidden("forbidden", {"right": right})


def for_change(tx: Tx, who: Actor, key: str, right: str) -> Conversation:
    """The same, locked until the transaction ends.

    Raises NotFound, Forbidden.
    """
    lock(tx, key)
    return visible(tx, who, key, right)


_LOCK = Sql("SELECT 1", "SELECT 1 FROM conversation WHERE key = %s FOR UPDATE")
_LOCK_ID = Sql("SELECT 1", "SELECT 1 FROM conversation WHERE id = %s FOR UPDATE")


def lock(tx: Tx, key: str) -> None:
    """SQLite's writer is alone already."""
    if tx.dialect == "postgresql":
        tx.run(_LOCK, (key,))


def by_id(tx: Tx, conversation_id: int) -> Conversation:
    """The conversation of an inner id, locked; for upper rooms and reactions.

    Raises NotFound.
    """
    if tx.dialect == "postgresql":
        tx.run(_LOCK_ID, (conversation_id,))
    row = tx.execute(select(*_conversation_columns).where(_c.id == conversation_id)).first()
    if row is None:
        raise NotFound()
    return _conversation(row)


def _by_key(read: Read, key: str) -> Conversation | None:
    if not is_key(key):
        return None
    row = read.execute(select(*_conversation_columns).where(_c.key == key)).first()
    return None if row is None else _conversation(row)


def of_key_and_contact(read: Read, key: str, channel: str, contact: str) -> Conversation | None:
    """The conversation, if it is this contact's."""
    found = _by_key(read, key)
    return found if found is not None and (found.channel, found.contact) == (channel, contact) else None


def of_contact(read: Read, channel: str, contact: str, limit: int) -> list[Conversation]:
    """A contact's conversations, the latest first."""
    rows = read.execute(
        select(*_conversation_columns)
        .where(_c.channel == channel, _c.contact == contact)
        .order_by(_c.no.desc())
        .limit(limit)
    )
    return [_conversation(row) for row in rows]


def contact_up_to(read: Read, channel: str, contact: str, no: int | None, limit: int) -> list[Conversation]:
    """A contact's conversations up to `no`, the latest first."""
    where = [_c.channel == channel, _c.contact == contact]
    if no is not None:
        where.append(_c.no <= no)
    rows = read.execute(select(*_conversation_columns).where(*where).order_by(_c.no.desc()).limit(limit))
    return [_conversation(row) for row in rows]


# --- many, for the hot path ------------------------------------------------------------------------------------------

_ALL = ", ".join(f"c.{name}" for name in CONVERSATION_FIELDS)
_OPEN_OF = Sql(
    f"SELECT {_ALL} FROM json_each(?) j CROSS JOIN conversation c ON c.channel = j.value ->> 0"
    " AND c.contact = j.value ->> 1 AND c.state <> 'closed'",
    f"SELECT {_ALL} FROM conversation c JOIN unnest(%s::text[], %s::text[]) AS j(channel, contact)"
    " ON c.channel = j.channel AND c.contact = j.contact WHERE c.state <> 'closed' ORDER BY c.id FOR UPDATE OF c",
)
_BY_KEYS = Sql(
    f"SELECT {_ALL} FROM json_each(?) j CROSS JOIN conversation c ON c.key = j.value",
    f"SELECT {_ALL} FROM conversation c WHERE c.key = ANY(%s::text[]) ORDER BY c.id FOR UPDATE OF c",
)
_KNOWN = Sql(
    "SELECT m.sender_kind, m.sender_id, m.client_id, m.seq, m.public_seq, m.at, m.digest, c.id, c.key, c.no"
    " FROM json_each(?) j CROSS JOIN message m ON m.sender_id = j.value ->> 1 AND m.client_id = j.value ->> 2"
    " AND m.sender_kind = j.value ->> 0 JOIN conversation c ON c.id = m.conversation_id",
    "SELECT m.sender_kind, m.sender_id, m.client_id, m.seq, m.public_seq, m.at, m.digest, c.id, c.key, c.no"
    " FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS j(kind, id, client)"
    " JOIN message m ON m.sender_id = j.id AND m.client_id = j.client AND m.sender_kind = j.kind"
    " JOIN conversation c ON c.id = m.conversation_id",
)


def _values(tx: Read, rows: Sequence[Sequence[Any]]) -> Any:
    """Rows as one parameter: a JSON list on SQLite, a list for each column on PostgreSQL."""
    if tx.dialect == "sqlite":
        return (msgspec.json.encode(rows).decode(),)
    return [list(column) for column in zip(*rows, strict=True)]


def open_of(tx: Tx, contacts: Sequence[tuple[str, str]]) -> list[Conversation]:
    """The open conversations of these (channel, contact), locked in one order."""
    return [_conversation(row) for row in tx.run(_OPEN_OF, _values(tx, contacts))] if contacts else []


def by_keys(tx: Tx, keys: Sequence[str]) -> list[Conversation]:
    """The conversations of these keys, locked in one order; absent ones are left out."""
    if not keys:
        return []
    params: Any = (msgspec.json.encode(keys).decode(),) if tx.dialect == "sqlite" else (list(keys),)
    return [_conversation(row) for row in tx.run(_BY_KEYS, params)]


def known(tx: Tx, ids: Sequence[tuple[str, int, str]]) -> list[tuple[Any, ...]]:
    """Messages already kept under these (sender kind, sender id, client id)."""
    return tx.run(_KNOWN, _values(tx, ids)) if ids else []


# --- lists -----------------------------------------------------------------------------------------------------------


def list_open(read: Read, who: Actor, limit: int = INBOX) -> list[Conversation]:
    """What is not closed and `who` may see: the longest waiting first, then the latest."""
    rows = read.execute(
        select(*_conversation_columns)
        .where(_c.state != State.CLOSED, scope(who, READ))
        .order_by(func.coalesce(_c.waiting_since, 2**62), _c.id.desc())
        .limit(limit)
    )
    return [_conversation(row) for row in rows]


def page_all(
    read: Read, who: Actor, *, state: str | None, before: tuple[int, int] | None, limit: int
) -> list[Conversation]:
    """Conversations from the latest begun on; `before` is (started_at, id) of the row above."""
    where = [scope(who, READ)]
    if state is not None:
        where.append(_c.state == state)
    if before is not None:
        at, id_ = before
        where.append(or_(_c.started_at < at, and_(_c.started_at == at, _c.id < id_)))
    rows = read.execute(
        select(*_conversation_columns).where(*where).order_by(_c.started_at.desc(), _c.id.desc()).limit(limit)
    )
    return [_conversation(row) for row in rows]


def open_ids_naming(read: Read, column: str, value: int | str, after: int, limit: int) -> list[int]:
    """Ids of open conversations whose `column` (group_id, customer_id, assignee_id, site_key) is `value`."""
    rows = read.execute(
        select(_c.id)
        .where(models.conversation.c[column] == value, _c.state != State.CLOSED, _c.id > after)
        .order_by(_c.id)
        .limit(limit)
    )
    return [cast(int, row.id) for row in rows]


def of_assignee(read: Read, staff_id: int) -> list[Conversation]:
    """The open conversations somebody has."""
    rows = read.execute(
        select(*_conversation_columns)
        .where(_c.assignee_id == staff_id, _c.state != State.CLOSED)
        .order_by(_c.id)
    )
    return [_conversation(row) for row in rows]


def latest_messages(
    read: Read,
    conversation: Conversation,
    *,
    before: int | None = None,
    public: bool = False,
    limit: int = LATEST,
) -> list[Message]:
    """The latest messages of one conversation, oldest first.

    before: only those under this seq (the public one where `public`).
    """
    seq = _m.public_seq if public else _m.seq
    where = [_m.conversation_id == conversation.id]
    if public:
        where.append(_m.public_seq.is_not(None))
    if before is not None:
        where.append(seq < before)
    rows = read.execute(select(*_message_columns).where(*where).order_by(_m.seq.desc()).limit(limit))
    return [_message(row) for row in reversed(rows.all())]


def search_messages(
    read: Read, who: Actor, query: str, before: int | None, limit: int
) -> list[tuple[int, Conversation, Message]]:
    """Messages with every term of `query`, newest first, in conversations that `who` may read now.

    before: the id of the last one of the page above. Answers (id, conversation, message).
    """
    hits = models.message_search.match(read.dialect, query)
    where = [scope(who, READ)]
    if before is not None:
        where.append(hits.c.id < before)
    rows = read.execute(
        select(hits.c.id, *_message_columns, *_conversation_columns)
        .select_from(hits)
        .join(models.message, _m.id == hits.c.id)
        .join(models.conversation, _c.id == _m.conversation_id)
        .where(*where)
        .order_by(hits.c.id.desc())
        .limit(limit)
    )
    cut = 1 + len(MESSAGE_FIELDS)
    return [(row[0], _conversation(row[cut:]), _message(row[1:cut])) for row in rows]


def public_of(read: Read, conversation_id: int, seq: int) -> int:
    """How many messages up to `seq` the visitor may see."""
    return cast(
        int,
        read.execute(
            select(func.coalesce(func.max(_m.public_seq), 0)).where(
                _m.conversation_id == conversation_id, _m.seq <= seq
            )
        ).scalar_one(),
    )


def seq_of_public(read: Read, conversation_id: int, public_seq: int) -> int:
    """The staff's number of what the visitor calls `public_seq`."""
    return cast(
        int,
        read.execute(
            select(func.coalesce(func.max(_m.seq), 0)).where(
                _m.conversation_id == conversation_id, _m.public_seq <= public_seq
            )
        ).scalar_one(),
    )


def count_from(read: Read, conversation_id: int, sender: str, after_seq: int) -> int:
    """How many messages (no notes, no events) of one side come after `after_seq`."""
    counted = (
        select(func.count())
        .select_from(models.message)
        .where(
            _m.conversation_id == conversation_id,
            _m.seq > after_seq,
            _m.sender_kind == sender,
            _m.kind == "text",
        )
    )
    return cast(int, read.execute(counted).scalar_one())


_TEXTS = Sql(
    "SELECT m.id, m.text FROM json_each(?) j CROSS JOIN message m ON m.conversation_id = j.value ->> 0"
    " AND m.seq = j.value ->> 1 WHERE m.text <> ''",
    "SELECT m.id, m.text FROM unnest(%s::bigint[], %s::bigint[]) AS j(conversation_id, seq)"
    " JOIN message m ON m.conversation_id = j.conversation_id AND m.seq = j.seq WHERE m.text <> ''",
)


def texts(read: Read, places: Sequence[tuple[int, int]]) -> list[tuple[int, str]]:
    """(id, text) of the messages at these (conversation, seq), for the index."""
    return cast(list[tuple[int, str]], read.run(_TEXTS, _values(read, places))) if places else []
