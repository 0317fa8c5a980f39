"""Conversations: what staff may listen to."""

from __future__ import annotations

from collections.abc import Sequence

from yingke.kernel.db import Read
from yingke.kernel.errors import Forbidden
from yingke.kernel.rights import Actor, Scope
from yingke.kernel.topics import Snapshot, topic
from yingke.rooms.conversations import audience, queries
from yingke.rooms.conversations.rows import as_row, put_staff_conversation, put_staff_message
from yingke.rooms.conversations.terms import INBOX, READ
from yingke.rooms.staff import api as staff


def _inbox(read: Read, who: Actor, name: str) -> Sequence[str]:
    scope = who.scope(READ)
    if scope is None:
        raise Forbidden("forbidden", {"right": READ})
    groups = staff.group_ids(read) if scope is Scope.ALL else sorted(who.groups)
    mine = [audience.of_staff(who.id)]
    return mine if scope is Scope.OWN else [*mine, *map(audience.of_group, groups)]


@topic("inbox", viewer="staff", guard=_inbox)
def inbox(read: Read, who: Actor, name: str) -> Snapshot:
    """Everything that is not closed and that one may see."""
    found = queries.list_open(read, who, INBOX + 1)
    return Snapshot([as_row(put_staff_conversation(c)) for c in found[:INBOX]], len(found) > INBOX)


def _thread(read: Read, who: Actor, name: str) -> Sequence[str]:
    return [audience.thread(queries.visible(read, who, name.partition("/")[2]).key)]


@topic("thread/", viewer="staff", guard=_thread)
def thread(read: Read, who: Actor, name: str) -> Snapshot:
    """One conversation with its latest messages, notes too."""
    c = queries.visible(read, who, name.partition("/")[2])
    messages = queries.latest_messages(read, c)
    rows = [as_row(put_staff_conversation(c)), *(as_row(put_staff_message(c, m)) for m in messages)]
    return Snapshot(rows, bool(messages) and messages[0].seq > 1)
