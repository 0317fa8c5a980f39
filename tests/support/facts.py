"""What stands in the journal, those entries too that readers are not given yet: on PostgreSQL any open transaction of
the server, another test's too, holds them back."""

from __future__ import annotations

from sqlalchemy import select

from yingke.kernel.db import Database, Read
from yingke.kernel.entries import Cursor, Entry
from yingke.kernel.journal import at_place, journal


def written(db: Database) -> list[Entry]:
    """Every committed entry, in order."""

    def read_all(read: Read) -> list[Entry | None]:
        order = (journal.c.xid, journal.c.pos)
        places = read.execute(select(*order).order_by(*order)).all()
        return [at_place(read, Cursor(int(place.xid), place.pos)) for place in places]

    return [entry for entry in db.read_now(read_all) if entry is not None]
