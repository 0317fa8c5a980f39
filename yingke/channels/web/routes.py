"""The web channel: what a visitor's page asks and commands (docs/protocol.md 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from yingke.channels.web import actions
from yingke.channels.web.actions import CHANNEL, Said, SiteOut
from yingke.kernel.clock import moment
from yingke.kernel.commands import Context, command
from yingke.kernel.db import Read
from yingke.kernel.errors import Forbidden, TooMany
from yingke.kernel.http import Has, HttpRequest, JSONBody, client_address, send, strictly
from yingke.kernel.parse import Args, Count, OutKey, clean_text
from yingke.kernel.rights import Actor
from yingke.kernel.secure import origin_allowed
from yingke.rooms.conversations import api as conversations
from yingke.rooms.conversations.terms import Marks, VisitorConversation
from yingke.rooms.visitors import api as visitors


class SessionWanted(Args, frozen=True):
    site: Annotated[str, msgspec.Meta(max_length=64)]
    token: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    locale: Annotated[str, msgspec.Meta(max_length=35)] | None = None


class VisitorKey(msgspec.Struct, frozen=True):
    key: str


class SessionOut(msgspec.Struct, frozen=True):
    token: str
    expires_at: datetime
    visitor: VisitorKey
    site: SiteOut


class Before(Args, frozen=True):
    no: Count
    seq: Count


class HistoryWanted(Args, frozen=True):
    token: Annotated[str, msgspec.Meta(max_length=200)] = ""
    before: Before | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class History(msgspec.Struct, frozen=True):
    """Rows as in a snapshot: [type, key, rev, row]. (The framework describes tuples as OpenAPI 3.1 does not.)"""

    rows: list[Any]
    more: bool


class SendArgs(Args, frozen=True):
    text: str


class Sent(msgspec.Struct, frozen=True):
    id: str
    conversation: str
    no: int
    seq: int
    at: datetime


class MarkArgs(Args, frozen=True):
    conversation: OutKey
    delivered: Count = 0
    read: Count = 0


class TypingArgs(Args, frozen=True):
    on: bool


class EndArgs(Args, frozen=True):
    conversation: OutKey


class Nothing(msgspec.Struct, frozen=True):
    """An answer that says only: done."""


def identify(read: Read, token: str | None, origin: str | None) -> Actor:
    """The visitor of this token, speaking from a page of the site.

    Raises Unauthenticated (`token_missing`, `token_unknown`, `token_expired`), Forbidden (`origin_not_allowed`).
    """
    who = visitors.authenticate(read, token)
    check_origin(visitors.site(read, who.site_id or 0), origin)
    return who


def check_origin(site: visitors.Site, origin: str | None) -> None:
    """Raises Forbidden (`origin_not_allowed`) for a page that is not the site's, where the site names its own."""
    if origin is not None and site.allowed_origins and not origin_allowed(origin, site.allowed_origins):
        raise Forbidden("origin_not_allowed", {"origin": origin[:200]})


@send("/w/v1/sessions", public=True, tags=["visitor"])
async def begin_session(data: JSONBody[SessionWanted], request: HttpRequest, services: Has) -> SessionOut:
    """Begin or continue a visitor's session."""
    data = await strictly(request, SessionWanted)
    wait = services.limits.visitor_sessions.take(client_address(request))
    if wait:
        raise TooMany("too_many", {"seconds": round(wait, 1)}, retry_after=wait)
    origin = request.headers.get("origin")
    site = await services.db.read(visitors.site_by_key, data.site)
    check_origin(site, origin)
    locale = data.locale or site.locale
    if data.token is None:
        token, who = await services.db.write(visitors.begin, site, locale)
    else:
        token = data.token
    session = await services.db.read(visitors.session, token)
    if session.actor.site_id != site.id:
        raise Forbidden("other_site")
    expires_at = session.expires_at
    if session.touch_due:
        expires_at = await services.db.write(visitors.touch, session.actor.id)
    return SessionOut(
        token=token,
        expires_at=moment(expires_at),
        visitor=VisitorKey(session.actor.key),
        site=await services.db.read(actions.site_out, site),
    )


@send("/w/v1/history", public=True, tags=["visitor"])
async def visitor_history(data: JSONBody[HistoryWanted], request: HttpRequest, services: Has) -> History:
    """Messages older than those of the topic `chat`."""
    data = await strictly(request, HistoryWanted)
    who = await services.db.read(identify, data.token, request.headers.get("origin"))
    before = (data.before.no, data.before.seq) if data.before else None
    return History(*await services.db.read(actions.history, who, before, data.limit))


@command("send", viewer="visitor")
async def send_(ctx: Context, args: SendArgs) -> Sent:
    """Say something; it begins a conversation where none is open."""
    text = clean_text(args.text)
    wait = ctx.services.limits.visitor_sends.take(ctx.who.tag)
    if wait:
        raise TooMany("too_many", {"seconds": round(wait, 1)}, retry_after=wait)
    kept = await ctx.db.write(actions.say, Said(ctx.who, text, ctx.id, ctx.digest))
    return Sent(ctx.id, kept.conversation, kept.no, kept.public_seq or 0, moment(kept.at))


@command("mark", viewer="visitor")
async def mark(ctx: Context, args: MarkArgs) -> Marks:
    """Say how far one has received and read."""
    mark = conversations.Mark(
        who=ctx.who,
        conversation=args.conversation,
        delivered=args.delivered,
        read=args.read,
        contact=(CHANNEL, ctx.who.key),
    )
    return await ctx.db.write(conversations.mark, mark)


@command("typing", viewer="visitor")
async def typing(ctx: Context, args: TypingArgs) -> Nothing:
    """Show whoever has the conversation open that one is writing."""
    open_ = await ctx.db.read(conversations.open_of_contact, CHANNEL, ctx.who.key)
    if open_ is not None:
        data = {"who": "customer", "key": open_.customer_key, "name": open_.customer_name, "on": args.on}
        ctx.bus.signal(conversations.thread_topic(open_.key), "typing", data)
    return Nothing()


@command("end", viewer="visitor")
async def end(ctx: Context, args: EndArgs) -> VisitorConversation:
    """End one's conversation."""
    return await ctx.write(conversations.end, args.conversation, CHANNEL, ctx.who.key)


routes = [begin_session, visitor_history]
