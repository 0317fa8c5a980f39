"""Conversations: what staff ask and command."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from yingke.kernel.clock import moment
from yingke.kernel.commands import Context, command
from yingke.kernel.db import Read
from yingke.kernel.http import Db, FromPath, FromQuery, Page, QueryParameter, Who, fetch
from yingke.kernel.parse import Args, Count, OutKey, clean_text, parse_place, place
from yingke.kernel.rights import Actor
from yingke.kernel.text import mark as mark_words
from yingke.rooms.conversations import audience, queries
from yingke.rooms.conversations.actions import lifecycle
from yingke.rooms.conversations.actions.marks import Mark, mark
from yingke.rooms.conversations.actions.receive import Inbound, receive
from yingke.rooms.conversations.rows import as_row, put_staff_message, staff_conversation
from yingke.rooms.conversations.terms import LATEST, READ, REPLY, Kind, Marks, Ref, StaffConversation, State

Limit = Annotated[int, QueryParameter(ge=1, le=100)]
Seq = Annotated[int | None, QueryParameter(ge=0, le=2**53)]


class OfConversation(Args, frozen=True):
    conversation: OutKey


class Take(Args, frozen=True):
    """over: also from a colleague who has it."""

    conversation: OutKey
    over: bool = False


class Say(Args, frozen=True):
    conversation: OutKey
    text: str


class MarkArgs(Args, frozen=True):
    conversation: OutKey
    delivered: Count = 0
    read: Count = 0


class Typing(Args, frozen=True):
    conversation: OutKey
    on: bool


class Sent(msgspec.Struct, frozen=True):
    id: str
    conversation: str
    seq: int
    at: datetime


class Nothing(msgspec.Struct, frozen=True):
    """An answer that says only: done."""


class History(msgspec.Struct, frozen=True):
    """Rows as in a snapshot: [type, key, rev, row]. (The framework describes tuples as OpenAPI 3.1 does not.)"""

    rows: list[Any]
    more: bool


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was searched for; marks: [from, to) of the words, in code points."""

    conversation: str
    customer: Ref
    seq: int
    at: datetime
    from_: str = msgspec.field(name="from")
    kind: str
    text: str
    marks: list[list[int]]


async def _say(ctx: Context, args: Say, kind: Kind) -> Sent:
    inbound = Inbound(
        who=ctx.who,
        to=args.conversation,
        kind=kind,
        text=clean_text(args.text),
        client_id=ctx.id,
        digest=ctx.digest,
    )
    kept = await ctx.db.write(receive, inbound)
    return Sent(ctx.id, kept.conversation, kept.seq, moment(kept.at))


@command("conversations.send", viewer="staff", right=REPLY)
async def send(ctx: Context, args: Say) -> Sent:
    """Answer the customer."""
    return await _say(ctx, args, Kind.TEXT)


@command("conversations.note", viewer="staff", right=REPLY)
async def note(ctx: Context, args: Say) -> Sent:
    """Leave a note that only staff see."""
    return await _say(ctx, args, Kind.NOTE)


@command("conversations.mark", viewer="staff", right=READ)
async def mark_(ctx: Context, args: MarkArgs) -> Marks:
    """Say how far one has received and read."""
    return await ctx.db.write(
        mark, Mark(who=ctx.who, conversation=args.conversation, delivered=args.delivered, read=args.read)
    )


@command("conversations.typing", viewer="staff", right=REPLY)
async def typing(ctx: Context, args: Typing) -> Nothing:
    """Show the customer and the colleagues that one is writing."""
    c = await ctx.db.read(queries.visible, ctx.who, args.conversation, REPLY)
    if c.state != State.CLOSED:
        data = {"who": "staff", "key": ctx.who.key, "name": ctx.who.name, "on": args.on}
        ctx.bus.signal(audience.thread(c.key), "typing", data)
        ctx.bus.signal(audience.chat(c.channel, c.contact), "typing", {"name": ctx.who.name, "on": args.on})
    return Nothing()


@command("conversations.take", viewer="staff", right=REPLY)
async def take(ctx: Context, args: Take) -> StaffConversation:
    """Have the conversation oneself."""
    return await ctx.write(lifecycle.take, args.conversation, args.over)


@command("conversations.close", viewer="staff", right=REPLY)
async def close(ctx: Context, args: OfConversation) -> StaffConversation:
    """End the conversation."""
    return await ctx.write(lifecycle.close, args.conversation)


@command("conversations.reopen", viewer="staff", right=REPLY)
async def reopen(ctx: Context, args: OfConversation) -> StaffConversation:
    """Open an ended conversation again, and have it oneself."""
    return await ctx.write(lifecycle.reopen, args.conversation)


@fetch("/api/v1/conversations", right=READ)
async def list_conversations(
    db: Db,
    who: Who,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = 50,
) -> Page[StaffConversation]:
    """Conversations from the latest begun on, page by page."""
    return await db.read(_page, who, in_state, after, limit)


def _page(
    read: Read, who: Actor, state: State | None, after: str | None, limit: int
) -> Page[StaffConversation]:
    before = parse_place(after)
    found = queries.page_all(read, who, state=state, before=before, limit=limit + 1)
    rows, rest = found[:limit], found[limit:]
    return Page(
        [staff_conversation(c) for c in rows],
        place(rows[-1].started_at, rows[-1].id) if rest else None,
    )


@fetch("/api/v1/conversations/{key:str}", right=READ)
async def get_conversation(db: Db, who: Who, key: FromPath[str]) -> StaffConversation:
    """One conversation."""
    return await db.read(lambda read: staff_conversation(queries.visible(read, who, key)))


@fetch("/api/v1/conversations/{key:str}/messages", right=READ)
async def list_messages(
    db: Db, who: Who, key: FromPath[str], before: Seq = None, limit: Limit = LATEST
) -> History:
    """Messages of one conversation older than `before`, oldest first."""
    return await db.read(_history, who, key, before, limit)


def _history(read: Read, who: Actor, key: str, before: int | None, limit: int) -> History:
    c = queries.visible(read, who, key)
    messages = queries.latest_messages(read, c, before=before, limit=limit)
    return History(
        [as_row(put_staff_message(c, m)) for m in messages], bool(messages) and messages[0].seq > 1
    )


@fetch("/api/v1/search", right=READ)
async def search(
    db: Db,
    who: Who,
    q: Annotated[str, QueryParameter(min_length=1, max_length=200)],
    after: Annotated[int | None, QueryParameter(ge=1, le=2**53)] = None,
    limit: Limit = 50,
) -> Page[Found]:
    """Messages with every word of `q`, newest first, in conversations one may read."""
    return await db.read(_search, who, q, after, limit)


def _search(read: Read, who: Actor, q: str, after: int | None, limit: int) -> Page[Found]:
    found = queries.search_messages(read, who, q, after, limit + 1)
    rows = [
        Found(
            conversation=c.key,
            customer=Ref(c.customer_key, c.customer_name),
            seq=m.seq,
            at=moment(m.at),
            from_=m.sender_kind,
            kind=m.kind,
            text=m.text,
            marks=[list(span) for span in mark_words(m.text, q)],
        )
        for _, c, m in found[:limit]
    ]
    return Page(rows, str(found[limit - 1][0]) if len(found) > limit else None)


routes = [list_conversations, get_conversation, list_messages, search]
