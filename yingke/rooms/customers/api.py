"""What other rooms may ask of customers."""

from __future__ import annotations

from yingke.rooms.customers.actions import Stranger, create, create_strangers, rename
from yingke.rooms.customers.queries import CustomerRef, refs

__all__ = ["CustomerRef", "Stranger", "create", "create_strangers", "refs", "rename"]
