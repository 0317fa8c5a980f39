"""Visitors: what follows from facts."""

from __future__ import annotations

from yingke.kernel.db import Tx
from yingke.kernel.entries import Entry
from yingke.kernel.journal import on
from yingke.rooms.conversations import api as conversations
from yingke.rooms.visitors import queries
from yingke.rooms.visitors.events import SiteChanged


@on(SiteChanged, reader="visitors.names")
def rename(tx: Tx, _: Entry, fact: SiteChanged) -> None:
    """Open conversations show the site's name."""
    for ref in queries.site_refs(tx, [fact.site_id]).values():
        conversations.rename_site(tx, ref.key, ref.name)
