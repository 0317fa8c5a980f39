"""Conversations: the tables. Hot rows carry the names they show, so that a message joins nothing."""

from __future__ import annotations

import msgspec
from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint, text

from yingke.kernel.schema import Column, Key, Micros, Table, id_column, metadata
from yingke.kernel.text import SearchTable

conversation = Table(
    "conversation",
    metadata,
    id_column(),
    Column("key", Key, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("contact", Text, nullable=False),  # whom the channel reaches: a visitor's key, an address
    Column("no", Integer, nullable=False),  # this contact's conversations, from 1
    Column("site_key", Key),
    Column("site_name", Text),
    Column("group_id", BigInteger, nullable=False),
    Column("group_key", Key, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("customer_id", BigInteger, nullable=False, index=True),
    Column("customer_key", Key, nullable=False),
    Column("customer_name", Text, nullable=False),
    Column("assignee_id", BigInteger),
    Column("assignee_key", Key),
    Column("assignee_name", Text),
    Column("state", Text, nullable=False),
    Column("started_at", Micros, nullable=False),
    Column("queued_at", Micros, nullable=False),
    Column("waiting_since", Micros),  # the customer's oldest unanswered message
    Column("ahead", Integer),  # told by routing while queued
    Column("closed_at", Micros),
    Column("close_reason", Text),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_public_seq", BigInteger, nullable=False),
    Column("last_at", Micros),
    Column("last_from", Text),
    Column("last_kind", Text),
    Column("last_text", Text),
    Column("staff_unread", Integer, nullable=False),
    Column("customer_unread", Integer, nullable=False),
    # Marks are kept in both counts, since visitors know only the public one.
    Column("staff_delivered", BigInteger, nullable=False),
    Column("staff_read", BigInteger, nullable=False),
    Column("customer_delivered", BigInteger, nullable=False),
    Column("customer_read", BigInteger, nullable=False),
    Column("staff_delivered_public", BigInteger, nullable=False),
    Column("staff_read_public", BigInteger, nullable=False),
    Column("customer_delivered_public", BigInteger, nullable=False),
    Column("customer_read_public", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("public_rev", BigInteger, nullable=False),  # notes must not show in a visitor's rev
    UniqueConstraint("channel", "contact", "no"),
    Index(
        "ux_conversation_open",
        "channel",
        "contact",
        unique=True,
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
    Index(
        "ix_conversation_open_group",
        "group_id",
        "id",
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
    Index(
        "ix_conversation_open_assignee",
        "assignee_id",
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
    Index("ix_conversation_started", "started_at", "id"),
)

message = Table(
    "message",
    metadata,
    id_column(),
    Column("conversation_id", BigInteger, ForeignKey("conversation.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("public_seq", BigInteger),
    Column("at", Micros, nullable=False),
    Column("sender_kind", Text, nullable=False),
    Column("sender_id", BigInteger, nullable=False),
    Column("sender_key", Key),
    Column("sender_name", Text),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("code", Text),
    Column("params", Text),
    Column("client_id", Text),
    Column("digest", LargeBinary),
    Column("rev", Integer, nullable=False),
    UniqueConstraint("conversation_id", "seq"),
    Index(
        "ux_message_client",
        "sender_id",
        "client_id",
        "sender_kind",
        unique=True,
        sqlite_where=text("client_id IS NOT NULL"),
        postgresql_where=text("client_id IS NOT NULL"),
    ),
)

message_search = SearchTable("message_search")


class Conversation(msgspec.Struct):
    """A row of `conversation`. Actions change it, then write it back whole or in part."""

    id: int
    key: str
    channel: str
    contact: str
    no: int
    site_key: str | None
    site_name: str | None
    group_id: int
    group_key: str
    group_name: str
    customer_id: int
    customer_key: str
    customer_name: str
    state: str
    started_at: int
    queued_at: int
    assignee_id: int | None = None
    assignee_key: str | None = None
    assignee_name: str | None = None
    waiting_since: int | None = None
    ahead: int | None = None
    closed_at: int | None = None
    close_reason: str | None = None
    last_seq: int = 0
    last_public_seq: int = 0
    last_at: int | None = None
    last_from: str | None = None
    last_kind: str | None = None
    last_text: str | None = None
    staff_unread: int = 0
    customer_unread: int = 0
    staff_delivered: int = 0
    staff_read: int = 0
    customer_delivered: int = 0
    customer_read: int = 0
    staff_delivered_public: int = 0
    staff_read_public: int = 0
    customer_delivered_public: int = 0
    customer_read_public: int = 0
    rev: int = 0
    public_rev: int = 0


class Message(msgspec.Struct, frozen=True):
    """A row of `message` but for its id, fields in the table's order."""

    conversation_id: int
    seq: int
    public_seq: int | None
    at: int
    sender_kind: str
    sender_id: int
    sender_key: str | None
    sender_name: str | None
    kind: str
    text: str
    code: str | None = None
    params: str | None = None
    client_id: str | None = None
    digest: bytes | None = None
    rev: int = 1


CONVERSATION_FIELDS = Conversation.__struct_fields__
MESSAGE_FIELDS = Message.__struct_fields__
