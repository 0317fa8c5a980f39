"""What other rooms, live and app may ask of staff."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

from yingke.kernel.db import Database, Tx
from yingke.kernel.errors import Unavailable
from yingke.kernel.rights import Actor
from yingke.kernel.settings import Settings
from yingke.rooms.staff import terms
from yingke.rooms.staff.actions import people as _people
from yingke.rooms.staff.actions.audit import audit
from yingke.rooms.staff.actions.people import NewStaff, create_group
from yingke.rooms.staff.actions.presence import connected, extend_connected, set_idle, set_intent
from yingke.rooms.staff.actions.sessions import hash_password, renew
from yingke.rooms.staff.actions.setup import setup_token
from yingke.rooms.staff.queries.people import (
    Candidate,
    GroupRef,
    StaffRef,
    accepting,
    group_by_key,
    group_ids,
    group_refs,
    groups_of,
    is_accepting,
    refs,
    staff_by_key,
)
from yingke.rooms.staff.queries.records import StatusLine, status_history
from yingke.rooms.staff.queries.sessions import authenticate, signed_in
from yingke.rooms.staff.terms import Locale, Role


def create_staff(
    tx: Tx,
    who: Actor,
    *,
    email: str,
    name: str,
    role: Role,
    password_hash: str,
    groups: Sequence[str] = (),
    capacity: int = terms.CAPACITY,
    locale: Locale = "en",
) -> StaffRef:
    """Make a member of staff; groups: their keys; password_hash: of `hash_password`, made before the transaction.

    Raises Forbidden, Invalid, NotFound (`group_unknown`), Refused (`email_taken`).
    """
    new = NewStaff(email=email, name=name, role=role, groups=tuple(groups), capacity=capacity, locale=locale)
    return _people.create_staff(tx, who, new, password_hash).ref


def authenticator(db: Database, settings: Settings) -> Callable[[Mapping[str, str]], Awaitable[Actor | None]]:
    """Cookies → whoever is signed in with them, for `Services.authenticate`; keeps the session alive."""
    cookie = settings.cookie_name(terms.COOKIE)

    async def ask(cookies: Mapping[str, str]) -> Actor | None:
        if cookie not in cookies:
            return None
        found = await db.read(signed_in, cookies, cookie)
        if found is None:
            return None
        if found.renew_due and found.actor.session is not None:
            with contextlib.suppress(Unavailable):  # the next request tries again
                await db.write_behind(renew, found.actor.session, settings.session_days)
        return found.actor

    return ask


__all__ = [
    "Candidate",
    "GroupRef",
    "StaffRef",
    "StatusLine",
    "accepting",
    "audit",
    "authenticate",
    "authenticator",
    "connected",
    "create_group",
    "create_staff",
    "extend_connected",
    "group_by_key",
    "group_ids",
    "group_refs",
    "groups_of",
    "hash_password",
    "is_accepting",
    "refs",
    "set_idle",
    "set_intent",
    "setup_token",
    "staff_by_key",
    "status_history",
]
