"""What happens to customers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import insert

from yingke.kernel.db import Tx
from yingke.kernel.ids import new_key
from yingke.kernel.parse import clean_name
from yingke.kernel.rights import Actor
from yingke.rooms.customers import audience, events, models, queries, rules
from yingke.rooms.customers.queries import CustomerRef
from yingke.rooms.customers.terms import Kind


class Stranger(msgspec.Struct, frozen=True):
    """Somebody who has not said who they are. named_in: the language whose words the name is made of."""

    locale: str
    named_in: str


def create(tx: Tx, *, name: str, locale: str) -> CustomerRef:
    """A customer who is known by name."""
    (ref,) = _insert(tx, "known", [(new_key(), clean_name(name, field="args.name"), locale)])
    return ref


def create_strangers(tx: Tx, strangers: Sequence[Stranger]) -> list[CustomerRef]:
    """A customer without a name of their own for each of these, in order."""
    keys = [new_key() for _ in strangers]
    return _insert(
        tx,
        "anonymous",
        [
            (key, rules.anonymous_name(key, stranger.named_in), stranger.locale)
            for key, stranger in zip(keys, strangers, strict=True)
        ],
    )


def _insert(tx: Tx, kind: Kind, people: Sequence[tuple[str, str, str]]) -> list[CustomerRef]:
    if not people:
        return []
    c = models.customer.c
    rows = tx.execute(
        insert(models.customer)
        .values(
            [
                {"key": key, "kind": kind, "name": name, "locale": locale, "rev": 1, "created_at": tx.now}
                for key, name, locale in people
            ]
        )
        .returning(c.id, c.key)
    )
    ids = {row.key: row.id for row in rows}
    return [CustomerRef(ids[key], key, name) for key, name, _ in people]


def rename(tx: Tx, who: Actor, key: str, name: str) -> CustomerRef:
    """Give a customer a name; from then on they are known.

    Raises Forbidden, NotFound, and Invalid for a name that cannot be.
    """
    row = queries.for_change(tx, who, key)
    name = clean_name(name, field="args.name")
    if name != row.name or row.kind != "known":
        tx.update(models.customer, row.id, name=name, kind="known", rev=row.rev + 1)
        tx.emit(events.CustomerChanged(row.id), to=audience.customer(row.id), by=who)
    return CustomerRef(row.id, row.key, name)
