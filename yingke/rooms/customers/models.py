"""The table of customers."""

from __future__ import annotations

from sqlalchemy import Integer, Text

from yingke.kernel.schema import Column, Key, Micros, Table, id_column, metadata

customer = Table(
    "customer",
    metadata,
    id_column(),
    Column("key", Key, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("created_at", Micros, nullable=False),
)
