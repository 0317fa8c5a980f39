"""Conversations: the room's words, and its rows as screens see them (docs/protocol.md 5)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from yingke.kernel.clock import MINUTE
from yingke.kernel.rights import Scope, declare

READ = declare("conversations.read", agent=Scope.GROUP, supervisor=Scope.ALL, administrator=Scope.ALL)
REPLY = declare("conversations.reply", agent=Scope.GROUP, supervisor=Scope.ALL, administrator=Scope.ALL)

REOPEN_WITHIN = 30 * MINUTE
PREVIEW = 120  # characters of the last words shown in lists
LATEST = 50  # messages a thread begins with
INBOX = 500  # rows of an inbox

SEARCH_READER = "conversations.search"


class State(StrEnum):
    QUEUED = "queued"
    ACTIVE = "active"
    CLOSED = "closed"


class Sender(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"
    SYSTEM = "system"


class Kind(StrEnum):
    TEXT = "text"
    NOTE = "note"
    EVENT = "event"


class Code(StrEnum):
    """What happened, for entries of kind `event`."""

    AGENT_JOINED = "agent_joined"
    CLOSED = "conversation_closed"
    REOPENED = "conversation_reopened"
    QUEUED_AGAIN = "conversation_queued_again"


class CloseReason(StrEnum):
    AGENT = "agent"
    VISITOR = "visitor"


class Ref(msgspec.Struct, frozen=True):
    """Somebody or something, as another row names it."""

    key: str
    name: str


class Last(msgspec.Struct, frozen=True):
    seq: int
    at: datetime
    from_: str = msgspec.field(name="from")
    kind: str = ""
    text: str = ""


class StaffConversation(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    channel: str
    site: Ref | None
    group: Ref
    state: str
    assignee: Ref | None
    customer: Ref
    started_at: datetime
    queued_at: datetime
    waiting_since: datetime | None
    last: Last | None
    last_seq: int
    unread: int
    staff_delivered: int
    staff_read: int
    customer_delivered: int
    customer_read: int
    closed_at: datetime | None
    close_reason: str | None


class AgentName(msgspec.Struct, frozen=True):
    name: str


class VisitorConversation(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    no: int
    state: str
    agent: AgentName | None
    ahead: int | None
    staff_delivered: int
    staff_read: int
    delivered: int
    read: int
    unread: int
    last_seq: int
    closed_at: datetime | None


class StaffMessage(msgspec.Struct, frozen=True, kw_only=True):
    conversation: str
    seq: int
    at: datetime
    from_: str = msgspec.field(name="from")
    sender: Ref | None
    kind: str
    text: str
    code: str | None
    params: dict[str, Any]
    id: str | None


class VisitorMessage(msgspec.Struct, frozen=True, kw_only=True):
    conversation: str
    no: int
    seq: int
    at: datetime
    from_: str = msgspec.field(name="from")
    name: str
    kind: str
    text: str
    code: str | None
    params: dict[str, Any]
    id: str | None


class Marks(msgspec.Struct, frozen=True):
    """How far one side has received and read."""

    delivered: int
    read: int
