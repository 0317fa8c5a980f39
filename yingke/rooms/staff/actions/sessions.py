"""Signing in and out."""

from __future__ import annotations

from functools import cache

import msgspec
from sqlalchemy import delete

from yingke.kernel.clock import DAY
from yingke.kernel.db import Tx
from yingke.kernel.errors import Unauthenticated
from yingke.kernel.ids import new_token
from yingke.kernel.rights import SYSTEM, Actor
from yingke.kernel.secure import Passwords, hash_token
from yingke.rooms.staff import audience, events, models
from yingke.rooms.staff.actions.audit import audit
from yingke.rooms.staff.queries import people, sessions
from yingke.rooms.staff.queries.people import MeRow

MAX_USER_AGENT = 200


@cache
def passwords() -> Passwords:
    """The hasher of this process, made at the first use since it takes a while."""
    return Passwords()


def hash_password(password: str) -> str:
    """What to hand to `create_staff`. Some 50 ms: on a thread, never in a transaction."""
    return passwords().hash(password)


class Opened(msgspec.Struct, frozen=True):
    """token: what the cookie holds; only its hash is kept."""

    token: str
    me: MeRow


def sign_in(
    tx: Tx, account: sessions.Account, new_hash: str | None, user_agent: str, address: str, days: int
) -> Opened:
    """Begin a session for an account whose password was right just now; new_hash: to be kept from now on.

    Raises Unauthenticated when the account was switched off or its password changed since then.
    """
    person = people.person(tx, account.staff_id)
    if sessions.account(tx, person.email) != account or not account.active:
        raise Unauthenticated("sign_in_failed")
    if new_hash is not None:
        tx.update(models.staff, person.id, password_hash=new_hash)
    actor = Actor(kind="staff", id=person.id, key=person.key, name=person.name)
    audit(tx, actor, "signed_in", f"staff:{person.key}", {"address": address})
    return open_session(tx, person, user_agent, days)


def open_session(tx: Tx, person: people.Person, user_agent: str, days: int) -> Opened:
    """A session of this member of staff, good for so many days since its last use."""
    token = new_token()
    tx.execute(delete(models.session).where(models.session.c.expires_at <= tx.now))
    tx.insert(
        models.session,
        token_hash=hash_token(token),
        staff_id=person.id,
        created_at=tx.now,
        last_seen_at=tx.now,
        expires_at=tx.now + days * DAY,
        user_agent="".join(filter(str.isprintable, user_agent))[:MAX_USER_AGENT],
    )
    return Opened(token, person.me)


def note_failed_sign_in(tx: Tx, account: sessions.Account | None, address: str) -> None:
    """Keep that somebody tried. The address typed is not kept: people type passwords there by mistake."""
    subject = "staff:unknown" if account is None else f"staff:{account.key}"
    audit(tx, SYSTEM, "sign_in_failed", subject, {"address": address})


def renew(tx: Tx, session_id: int, days: int) -> None:
    """Let a session last from now on; to be called when `renew_due`, at most once an hour."""
    tx.update(models.session, session_id, last_seen_at=tx.now, expires_at=tx.now + days * DAY)


def sign_out(tx: Tx, who: Actor) -> None:
    """End the session one came with; what is still open with it is decided anew."""
    if tx.execute(delete(models.session).where(models.session.c.id == who.session)).rowcount:
        audit(tx, who, "signed_out", f"staff:{who.key}", {})
        tx.emit(events.SessionsEnded(who.id), to=audience.sessions(who.id), by=who)


def end_sessions(tx: Tx, who: Actor, staff_id: int) -> None:
    """End every session of somebody."""
    if tx.execute(delete(models.session).where(models.session.c.staff_id == staff_id)).rowcount:
        tx.emit(events.SessionsEnded(staff_id), to=audience.sessions(staff_id), by=who)
