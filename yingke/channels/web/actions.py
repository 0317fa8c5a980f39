"""The web channel: a visitor's message on its way in."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from yingke.kernel.db import Read, Tx, batched
from yingke.kernel.entries import RowOut
from yingke.kernel.rights import Actor
from yingke.rooms.conversations import api as conversations
from yingke.rooms.conversations.terms import Kind
from yingke.rooms.staff import api as staff
from yingke.rooms.visitors import api as visitors

CHANNEL = "web"


class Said(msgspec.Struct, frozen=True):
    """What a visitor sends. digest: of the command, so that the same id with other words is refused."""

    who: Actor
    text: str
    client_id: str
    digest: bytes


def say_many(tx: Tx, calls: Sequence[Said]) -> Sequence[conversations.Kept | Exception]:
    """Receive them; whoever writes for the first time becomes a customer."""
    customers = visitors.customers_of(tx, {call.who.id for call in calls})
    sites = visitors.site_refs(tx, {call.who.site_id for call in calls if call.who.site_id is not None})
    groups = staff.group_refs(tx, {site.group_id for site in sites.values()})
    inbound = []
    for call in calls:
        site = sites[call.who.site_id or 0]
        group = groups[site.group_id]
        customer = customers[call.who.id]
        place = conversations.Place(
            channel=CHANNEL,
            contact=call.who.key,
            site_key=site.key,
            site_name=site.name,
            group_id=group.id,
            group_key=group.key,
            group_name=group.name,
            customer_id=customer.id,
            customer_key=customer.key,
            customer_name=customer.name,
        )
        inbound.append(
            conversations.Inbound(
                who=call.who,
                to=place,
                kind=Kind.TEXT,
                text=call.text,
                client_id=call.client_id,
                digest=call.digest,
            )
        )
    return conversations.receive_many(tx, inbound)


say = batched(say_many)


class SiteOut(msgspec.Struct, frozen=True):
    """A site as its visitors see it."""

    key: str
    name: str
    locale: str
    color: str
    title: str
    greeting: str
    notice: str
    open: bool


def site_out(read: Read, site: visitors.Site) -> SiteOut:
    return SiteOut(
        key=site.key,
        name=site.name,
        locale=site.locale,
        color=site.color,
        title=site.title,
        greeting=site.greeting,
        notice=site.notice,
        open=bool(staff.accepting(read, site.group_id)),
    )


def history(
    read: Read, who: Actor, before: tuple[int, int] | None, limit: int
) -> tuple[list[RowOut], bool]:
    """A page of older messages, and whether there are still older ones."""
    thread = conversations.history_of_contact(read, CHANNEL, who.key, before, limit)
    return thread.rows, thread.more
