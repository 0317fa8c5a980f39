"""Reading sites and visitors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, select

from yingke.kernel.db import Read, Sql, Tx
from yingke.kernel.errors import NotFound, Unauthenticated
from yingke.kernel.ids import is_key
from yingke.kernel.rights import Actor
from yingke.kernel.secure import hash_token
from yingke.rooms.staff import api as staff
from yingke.rooms.staff.api import GroupRef
from yingke.rooms.visitors import models, terms


class SiteRef(msgspec.Struct, frozen=True):
    """A site as others refer to it; group_id: the staff who answer."""

    id: int
    key: str
    name: str
    group_id: int


class Site(msgspec.Struct, frozen=True):
    """A site with all that a visitor's page and the edge must know."""

    id: int
    key: str
    name: str
    locale: str
    group_id: int
    color: str
    title: str
    greeting: str
    notice: str
    allowed_origins: list[str]  # empty: any
    active: bool

    @property
    def ref(self) -> SiteRef:
        return SiteRef(self.id, self.key, self.name, self.group_id)


class GroupOut(msgspec.Struct, frozen=True):
    key: str
    name: str


class SiteRow(msgspec.Struct, frozen=True):
    """A site as the console lists it."""

    key: str
    name: str
    locale: str
    group: GroupOut
    color: str
    title: str
    greeting: str
    notice: str
    allowed_origins: list[str]
    active: bool


class Session(msgspec.Struct, frozen=True):
    """What a visitor's token stands for. expires_at: microseconds UTC; touch_due: time to call `touch`."""

    actor: Actor
    expires_at: int
    touch_due: bool


# --- sites -----------------------------------------------------------------------------------------------------------

_sites = select(models.site)
_FIELDS = Site.__struct_fields__


def _site(row: Row[Any]) -> Site:
    return Site(**{name: getattr(row, name) for name in _FIELDS})


def site_by_key(read: Read, key: str) -> Site:
    """The active site with this key. Raises NotFound (`site_unknown`)."""
    c = models.site.c
    row = read.execute(_sites.where(c.key == key, c.active)).first() if is_key(key) else None
    if row is None:
        raise NotFound("site_unknown")
    return _site(row)


def site(read: Read, site_id: int) -> Site:
    """The site with this id. Raises NotFound (`site_unknown`)."""
    row = read.execute(_sites.where(models.site.c.id == site_id)).first()
    if row is None:
        raise NotFound("site_unknown")
    return _site(row)


# On the path of every message, so by hand.
_SITE_REFS = Sql(
    "SELECT id, key, name, group_id FROM site WHERE id IN (SELECT value FROM json_each(?))",
    "SELECT id, key, name, group_id FROM site WHERE id = ANY(%s)",
)


def site_refs(read: Read, ids: Collection[int]) -> dict[int, SiteRef]:
    """The sites with these ids, those that there are."""
    wanted = list(ids)
    params = (msgspec.json.encode(wanted).decode() if read.dialect == "sqlite" else wanted,)
    return {row[0]: SiteRef(*row) for row in read.run(_SITE_REFS, params)}


def site_for_change(tx: Tx, who: Actor, key: str) -> Row[Any]:
    """The site's row, active or not, locked. Raises Forbidden, NotFound."""
    who.need(terms.MANAGE)
    row = tx.execute(_sites.where(models.site.c.key == key).with_for_update()).first()
    if row is None:
        raise NotFound("site_unknown")
    return row


def list_sites(read: Read, who: Actor) -> list[SiteRow]:
    """Every site, in the order they were made. Raises Forbidden."""
    who.need(terms.READ)
    rows = read.execute(_sites.order_by(models.site.c.id)).all()
    return _site_rows(read, [_site(row) for row in rows])


def site_row(read: Read, site_id: int) -> SiteRow:
    (row,) = _site_rows(read, [site(read, site_id)])
    return row


def _site_rows(read: Read, sites: Sequence[Site]) -> list[SiteRow]:
    groups = staff.group_refs(read, {one.group_id for one in sites})
    return [
        SiteRow(
            key=one.key,
            name=one.name,
            locale=one.locale,
            group=_group_out(groups[one.group_id]),
            color=one.color,
            title=one.title,
            greeting=one.greeting,
            notice=one.notice,
            allowed_origins=one.allowed_origins,
            active=one.active,
        )
        for one in sites
    ]


def _group_out(group: GroupRef) -> GroupOut:
    return GroupOut(group.key, group.name)


# --- visitors --------------------------------------------------------------------------------------------------------

# Each request of a visitor begins here, so by hand.
_SESSION = (
    "SELECT v.id, v.key, v.site_id, v.customer_id, v.locale, v.last_seen_at, v.expires_at, s.active"
    " FROM visitor v JOIN site s ON s.id = v.site_id WHERE "
)
_BY_TOKEN = Sql(_SESSION + "v.token_hash = ?", _SESSION + "v.token_hash = %s")
_BY_ID = Sql(_SESSION + "v.id = ?", _SESSION + "v.id = %s")
_CUSTOMER_IDS = Sql(
    "SELECT id, customer_id FROM visitor WHERE id IN (SELECT value FROM json_each(?))",
    "SELECT id, customer_id FROM visitor WHERE id = ANY(%s)",
)


def session(read: Read, token: str | None) -> Session:
    """What a token stands for now.

    Raises Unauthenticated (`token_missing`, `token_unknown`, `token_expired`); a site that was switched off knows no
    token.
    """
    if not token:
        raise Unauthenticated("token_missing")
    return _session(read, read.run(_BY_TOKEN, (hash_token(token),)))


def _session(read: Read, rows: Sequence[tuple[Any, ...]]) -> Session:
    if not rows or not rows[0][-1]:
        raise Unauthenticated("token_unknown")
    ((id_, key, site_id, customer_id, locale, last_seen_at, expires_at, _),) = rows
    if expires_at <= read.now:
        raise Unauthenticated("token_expired")
    return Session(
        actor=visitor_actor(id_, key, site_id, customer_id, locale),
        expires_at=expires_at,
        touch_due=read.now - last_seen_at >= terms.RENEWED_EVERY,
    )


def authenticate(read: Read, token: str | None) -> Actor:
    """Whoever holds this token; raises as `session`."""
    return session(read, token).actor


def actor_of(read: Read, visitor_id: int) -> Actor:
    """The visitor with this id, for whoever has proved it otherwise.

    Raises Unauthenticated (`token_unknown`, `token_expired`).
    """
    return _session(read, read.run(_BY_ID, (visitor_id,))).actor


def visitor_actor(id_: int, key: str, site_id: int, customer_id: int | None, locale: str) -> Actor:
    return Actor(
        kind="visitor", id=id_, key=key, name="", locale=locale, site_id=site_id, customer_id=customer_id
    )


def customer_ids(read: Read, visitor_ids: Collection[int]) -> dict[int, int | None]:
    """Visitor → customer, None for who has none yet."""
    wanted = list(visitor_ids)
    params = (msgspec.json.encode(wanted).decode() if read.dialect == "sqlite" else wanted,)
    return dict(read.run(_CUSTOMER_IDS, params))


def without_customer(tx: Tx, visitor_ids: Collection[int]) -> list[Row[Any]]:
    """Those of these visitors who still have no customer, locked: id, locale and `named_in`, the site's language."""
    v, s = models.visitor.c, models.site.c
    return list(
        tx.execute(
            select(v.id, v.locale, s.locale.label("named_in"))
            .join_from(models.visitor, models.site)
            .where(v.id.in_(visitor_ids), v.customer_id.is_(None))
            .order_by(v.id)
            .with_for_update(of=models.visitor)
        )
    )
