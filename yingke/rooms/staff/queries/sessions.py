"""Reading sessions and accounts: who is signed in."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import select

from yingke.kernel.db import Read
from yingke.kernel.rights import Actor, of_role
from yingke.kernel.secure import hash_token
from yingke.rooms.staff import models, terms
from yingke.rooms.staff.queries.people import groups_of


class Account(msgspec.Struct, frozen=True):
    """What a sign-in is checked against."""

    staff_id: int
    key: str
    password_hash: str
    active: bool


class SignedIn(msgspec.Struct, frozen=True):
    """renew_due: time to call `renew`."""

    actor: Actor
    renew_due: bool


_s, _t = models.staff.c, models.session.c


def account(read: Read, email: str) -> Account | None:
    """The account with this address, active or not."""
    columns = _s.id.label("staff_id"), _s.key, _s.password_hash, _s.active
    row = read.execute(select(*columns).where(_s.email == email)).first()
    return None if row is None else Account(**row._mapping)


_by_token = (
    select(_t.id.label("session"), _t.last_seen_at, _s.id, _s.key, _s.name, _s.locale, _s.role)
    .join_from(models.session, models.staff)
    .where(_s.active)
)


def signed_in(read: Read, cookies: Mapping[str, str], cookie: str) -> SignedIn | None:
    """Whoever these cookies sign in; cookie: the name ours has here. None for nobody, or who is not active."""
    token = cookies.get(cookie)
    if not token:
        return None
    row = read.execute(_by_token.where(_t.token_hash == hash_token(token), _t.expires_at > read.now)).first()
    if row is None:
        return None
    actor = Actor(
        kind="staff",
        id=row.id,
        key=row.key,
        name=row.name,
        locale=row.locale,
        rights=of_role(row.role),
        groups=groups_of(read, row.id),
        session=row.session,
    )
    return SignedIn(actor, read.now - row.last_seen_at >= terms.SESSION_RENEWED_EVERY)


def authenticate(read: Read, cookies: Mapping[str, str], cookie: str) -> Actor | None:
    """The actor alone; as `signed_in`."""
    found = signed_in(read, cookies, cookie)
    return None if found is None else found.actor


def setup_allows(read: Read, token: str) -> bool:
    """Whether this token may make the first administrator."""
    c = models.setup.c
    return (
        read.execute(
            select(c.id).where(
                c.token_hash == hash_token(token), c.created_at > read.now - terms.SETUP_TOKEN_KEPT
            )
        ).first()
        is not None
    )
