"""What happens to sites and visitors."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from msgspec import UNSET, UnsetType
from sqlalchemy import bindparam, update

from yingke.kernel.db import Tx
from yingke.kernel.ids import new_key, new_token
from yingke.kernel.parse import Args, Name, OutKey, clean_name, clean_text
from yingke.kernel.rights import Actor
from yingke.kernel.secure import hash_token
from yingke.rooms.customers import api as customers
from yingke.rooms.customers.api import CustomerRef, Stranger
from yingke.rooms.staff import api as staff
from yingke.rooms.visitors import audience, events, models, queries, rules, terms
from yingke.rooms.visitors.queries import Site, SiteRow
from yingke.rooms.visitors.terms import Locale

MAX_GREETING = 500  # Unicode code points
MAX_NOTICE = 1000


class NewSite(Args, frozen=True, kw_only=True):
    """group: the key of the staff group that answers; allowed_origins: empty for any."""

    name: Name
    group: OutKey
    locale: Locale
    color: str = "#0f6b5c"
    title: str = ""
    greeting: str = ""
    notice: str = ""
    allowed_origins: tuple[str, ...] = ()


class SiteChange(Args, frozen=True, kw_only=True):
    """What is not given stays."""

    site: OutKey
    name: Name | UnsetType = UNSET
    group: OutKey | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    color: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    greeting: str | UnsetType = UNSET
    notice: str | UnsetType = UNSET
    allowed_origins: tuple[str, ...] | UnsetType = UNSET
    active: bool | UnsetType = UNSET


def _optional(text: str, field: str, limit: int) -> str:
    return clean_text(text, limit=limit, field=field) if text.strip() else ""


def _cleaned(tx: Tx, given: NewSite | SiteChange) -> dict[str, Any]:
    """The columns of what was given. Raises Invalid, NotFound (`group_unknown`)."""
    clean: dict[str, Callable[[Any], Any]] = {
        "name": lambda text: clean_name(text, field="args.name"),
        "locale": str,
        "color": rules.color,
        "title": lambda text: clean_name(text, field="args.title") if text.strip() else "",
        "greeting": lambda text: _optional(text, "args.greeting", MAX_GREETING),
        "notice": lambda text: _optional(text, "args.notice", MAX_NOTICE),
        "allowed_origins": rules.origins,
        "active": bool,
    }
    values = {
        column: make(value)
        for column, make in clean.items()
        if (value := getattr(given, column, UNSET)) is not UNSET
    }
    if not isinstance(given.group, UnsetType):
        values["group_id"] = staff.group_by_key(tx, given.group).id
    return values


def create_site(tx: Tx, who: Actor, new: NewSite, *, key: str | None = None) -> SiteRow:
    """Make a site; key: for the demonstration, whose page is written before the site.

    Raises Forbidden, Invalid, NotFound (`group_unknown`).
    """
    who.need(terms.MANAGE)
    values = _cleaned(tx, new)
    values["title"] = values["title"] or values["name"]
    key = key or new_key()
    site_id = tx.insert(models.site, key=key, active=True, rev=1, created_at=tx.now, **values)
    staff.audit(tx, who, "site_created", f"site:{key}", {"name": values["name"]})
    tx.emit(events.SiteChanged(site_id), to=audience.site(site_id), by=who)
    return queries.site_row(tx, site_id)


def change_site(tx: Tx, who: Actor, change: SiteChange) -> SiteRow:
    """Change what is given of a site; switched off, it knows no visitor any more.

    Raises Forbidden, Invalid, NotFound (`site_unknown`, `group_unknown`).
    """
    row = queries.site_for_change(tx, who, change.site)
    values = {name: value for name, value in _cleaned(tx, change).items() if getattr(row, name) != value}
    if values:
        tx.update(models.site, row.id, rev=row.rev + 1, **values)
        staff.audit(tx, who, "site_changed", f"site:{row.key}", {"fields": sorted(values)})
        tx.emit(events.SiteChanged(row.id), to=audience.site(row.id), by=who)
    return queries.site_row(tx, row.id)


def begin(tx: Tx, site: Site, locale: str) -> tuple[str, Actor]:
    """A visitor nobody has seen before: the token, of which only the hash is kept, and the actor.

    A locale that is none of ours becomes the site's.
    """
    token, key = new_token(), new_key()
    spoken = locale if locale in terms.LOCALES else site.locale
    visitor_id = tx.insert(
        models.visitor,
        key=key,
        site_id=site.id,
        token_hash=hash_token(token),
        locale=spoken,
        created_at=tx.now,
        last_seen_at=tx.now,
        expires_at=tx.now + terms.KEPT,
    )
    return token, queries.visitor_actor(visitor_id, key, site.id, None, spoken)


def touch(tx: Tx, visitor_id: int) -> int:
    """Note that a visitor is here; answers until when the token is good now, in microseconds UTC.

    To be called when `Session.touch_due` says so, at most once a day.
    """
    expires_at = tx.now + terms.KEPT
    tx.update(models.visitor, visitor_id, last_seen_at=tx.now, expires_at=expires_at)
    return expires_at


def customers_of(tx: Tx, visitor_ids: Collection[int]) -> dict[int, CustomerRef]:
    """The customer behind each of these visitors, made where there is none yet."""
    known = queries.customer_ids(tx, visitor_ids)
    found = customers.refs(tx, {id_ for id_ in known.values() if id_ is not None})
    answer = {visitor: found[id_] for visitor, id_ in known.items() if id_ is not None}
    if len(answer) < len(known):
        answer |= _make_customers(tx, [visitor for visitor in known if visitor not in answer])
    return answer


def _make_customers(tx: Tx, visitor_ids: Collection[int]) -> dict[int, CustomerRef]:
    rows = queries.without_customer(tx, visitor_ids)
    made = customers.create_strangers(tx, [Stranger(row.locale, row.named_in) for row in rows])
    if rows:
        tx.execute(
            update(models.visitor)
            .where(models.visitor.c.id == bindparam("visitor"))
            .values(customer_id=bindparam("customer")),
            [{"visitor": row.id, "customer": ref.id} for row, ref in zip(rows, made, strict=True)],
        )
    new = {row.id: ref for row, ref in zip(rows, made, strict=True)}
    elsewhere = [visitor for visitor in visitor_ids if visitor not in new]  # another transaction was first
    return new | (customers_of(tx, elsewhere) if elsewhere else {})
