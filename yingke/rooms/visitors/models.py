"""Tables: the sites, and whoever stood on one."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Integer, Text

from yingke.kernel.schema import Column, Id, Key, Micros, Table, id_column, metadata

site = Table(
    "site",
    metadata,
    id_column(),
    Column("key", Key, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("group_id", BigInteger, nullable=False),  # of the staff who answer
    Column("color", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("greeting", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("allowed_origins", JSON, nullable=False),  # empty: any
    Column("active", Boolean, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("created_at", Micros, nullable=False),
)

visitor = Table(
    "visitor",
    metadata,
    id_column(),
    Column("key", Key, nullable=False, unique=True),
    Column("site_id", Id, ForeignKey("site.id"), nullable=False),
    Column("customer_id", BigInteger, index=True),  # none until the first message
    Column("token_hash", Text, nullable=False, unique=True),
    Column("locale", Text, nullable=False),
    Column("created_at", Micros, nullable=False),
    Column("last_seen_at", Micros, nullable=False),  # to the day
    Column("expires_at", Micros, nullable=False),
)
