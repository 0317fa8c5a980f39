"""One-time tickets for streams whose opener cannot send a token: who, and which topics from where."""

from __future__ import annotations

import hashlib

import msgspec
from sqlalchemy import BigInteger, LargeBinary, Text, delete, insert, select

from yingke.kernel.clock import SECOND
from yingke.kernel.db import Tx
from yingke.kernel.errors import Unauthenticated
from yingke.kernel.ids import new_token
from yingke.kernel.rights import Actor
from yingke.kernel.schema import Column, Micros, Table, metadata

GOOD_FOR = 30 * SECOND

ticket = Table(
    "ticket",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("session", BigInteger),
    Column("topics", Text, nullable=False),
    Column("expires_at", Micros, nullable=False, index=True),
)


class Redeemed(msgspec.Struct, frozen=True):
    """actor: the tag of whoever asked for it; session: that of staff."""

    actor: str
    session: int | None
    topics: dict[str, str | None]


def issue(tx: Tx, who: Actor, topics: dict[str, str | None]) -> str:
    """A ticket, good once within `GOOD_FOR`; those that lapsed go."""
    tx.execute(delete(ticket).where(ticket.c.expires_at < tx.now))
    secret = new_token()
    tx.execute(
        insert(ticket).values(
            hash=_hash(secret),
            actor=who.tag,
            session=who.session,
            topics=msgspec.json.encode(topics).decode(),
            expires_at=tx.now + GOOD_FOR,
        )
    )
    return secret


def redeem(tx: Tx, secret: str) -> Redeemed:
    """What the ticket stands for; it is used up.

    Raises Unauthenticated (`ticket_unknown`).
    """
    c = ticket.c
    where = (c.hash == _hash(secret), c.expires_at >= tx.now)
    row = tx.execute(select(c.actor, c.session, c.topics).where(*where)).first()
    if row is None or tx.execute(delete(ticket).where(*where)).rowcount != 1:
        raise Unauthenticated("ticket_unknown")
    return Redeemed(row.actor, row.session, msgspec.json.decode(row.topics, type=dict[str, str | None]))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
