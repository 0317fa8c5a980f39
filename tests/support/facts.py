"""What stands in the journal, those entries too that readers are not given yet: on PostgreSQL any open transaction of
the server, another test's too, holds them back."""

from __future__ import annotations

from sqlalchemy import select

from yingke.kernel.db import Database, Read
from yingke.kernel.entries import Entry
from yingke.kernel.journal import at_pos, journal


def written(db: Database) -> list[Entry]:
    """Every committed entry, in order."""

    def read_all(read: Read) -> list[Entry | None]:
        places = read.execute(select(journal.c.pos).order_by(journal.c.pos)).scalars().all()
        return [at_pos(read, pos) for pos in places]

    return [entry for entry in db.read_now(read_all) if entry is not None]
