"""The first start: how the first administrator comes to be."""

from __future__ import annotations

from sqlalchemy import delete

from yingke.kernel.db import Tx
from yingke.kernel.errors import Forbidden, Refused
from yingke.kernel.ids import new_token
from yingke.kernel.rights import SYSTEM
from yingke.kernel.secure import hash_token
from yingke.rooms.staff import models, terms
from yingke.rooms.staff.actions.people import NewStaff, create_staff
from yingke.rooms.staff.actions.sessions import Opened, open_session
from yingke.rooms.staff.queries import people
from yingke.rooms.staff.terms import Locale


def setup_token(tx: Tx) -> str | None:
    """A token with which the first administrator can be made, or None when there is staff already.

    Each start gets its own, good for 7 days; whichever is used first ends them all.
    """
    if people.has_staff(tx):
        return None
    tx.execute(delete(models.setup).where(models.setup.c.created_at <= tx.now - terms.SETUP_TOKEN_KEPT))
    token = new_token()
    tx.insert(models.setup, token_hash=hash_token(token), created_at=tx.now)
    return token


def set_up(
    tx: Tx,
    token: str,
    *,
    name: str,
    email: str,
    password_hash: str,
    locale: Locale,
    user_agent: str,
    days: int,
) -> Opened:
    """Make the first administrator and sign them in.

    Raises Forbidden (`setup_token_wrong`), Refused (`set_up_already`), Invalid.
    """
    # Whoever takes the tokens away is the only one: a second one waits here, and then finds none.
    taken = tx.execute(
        delete(models.setup).returning(models.setup.c.token_hash, models.setup.c.created_at)
    ).all()
    if people.has_staff(tx):
        raise Refused("set_up_already")
    fresh = {row.token_hash for row in taken if row.created_at > tx.now - terms.SETUP_TOKEN_KEPT}
    if hash_token(token) not in fresh:
        raise Forbidden("setup_token_wrong")
    new = NewStaff(email=email, name=name, role="administrator", locale=locale)
    return open_session(tx, create_staff(tx, SYSTEM, new, password_hash), user_agent, days)
