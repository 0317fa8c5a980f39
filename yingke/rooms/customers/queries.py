"""Reading customers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Row, select

from yingke.kernel.db import Read, Sql, Tx
from yingke.kernel.errors import NotFound
from yingke.kernel.rights import Actor
from yingke.rooms.customers import models, terms


class CustomerRef(msgspec.Struct, frozen=True):
    """A customer as others refer to one."""

    id: int
    key: str
    name: str


# On the path of every message, so by hand.
_REFS = Sql(
    "SELECT id, key, name FROM customer WHERE id IN (SELECT value FROM json_each(?))",
    "SELECT id, key, name FROM customer WHERE id = ANY(%s)",
)


def refs(read: Read, ids: Collection[int]) -> dict[int, CustomerRef]:
    """The customers with these ids, those that there are."""
    if not ids:
        return {}
    wanted = list(ids)
    rows = read.run(_REFS, (msgspec.json.encode(wanted).decode() if read.dialect == "sqlite" else wanted,))
    return {id_: CustomerRef(id_, key, name) for id_, key, name in rows}


def for_change(tx: Tx, who: Actor, key: str) -> Row[Any]:
    """The customer's row, locked. Raises Forbidden, NotFound."""
    who.need(terms.CHANGE)
    row = tx.execute(select(models.customer).where(models.customer.c.key == key).with_for_update()).first()
    if row is None:
        raise NotFound()
    return row
