"""Tables: people and groups, their sessions, their presence, and what was done by whom."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, PrimaryKeyConstraint, Text, text

from yingke.kernel.schema import Column, Id, Key, Micros, Table, id_column, metadata

staff = Table(
    "staff",
    metadata,
    id_column(),
    Column("key", Key, nullable=False, unique=True),
    Column("email", Text, nullable=False, unique=True),  # in small letters
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column(
        "rev", Integer, nullable=False
    ),  # of the rows `me` and `staff`: grows with presence and groups too
    Column("created_at", Micros, nullable=False),
)

staff_group = Table(
    "staff_group",
    metadata,
    id_column(),
    Column("key", Key, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("rev", Integer, nullable=False),
    Column("created_at", Micros, nullable=False),
)

staff_member = Table(
    "staff_member",
    metadata,
    Column("group_id", Id, ForeignKey("staff_group.id"), nullable=False),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False, index=True),
    PrimaryKeyConstraint("group_id", "staff_id"),
)

session = Table(
    "session",
    metadata,
    id_column(),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False, index=True),
    Column("created_at", Micros, nullable=False),
    Column("last_seen_at", Micros, nullable=False),  # to the hour
    Column("expires_at", Micros, nullable=False, index=True),
    Column("user_agent", Text, nullable=False),
)

# Holds no row any more once there is an administrator.
setup = Table(
    "setup",
    metadata,
    id_column(),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("created_at", Micros, nullable=False),
)

_due = text("connected_until IS NOT NULL")
staff_status = Table(
    "staff_status",
    metadata,
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    Column("intent", Text, nullable=False),
    Column("reason", Text),
    Column("idle", Boolean, nullable=False),
    Column("connected", Boolean, nullable=False),
    Column("connected_until", Micros),  # none while not connected
    Column("since", Micros, nullable=False),
    Index(None, "connected_until", sqlite_where=_due, postgresql_where=_due),
)

_open = text("to_at IS NULL")
status_history = Table(
    "status_history",
    metadata,
    id_column(),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("intent", Text, nullable=False),
    Column("reason", Text),
    Column("accepting", Boolean, nullable=False),
    Column("connected", Boolean, nullable=False),
    Column("from_at", Micros, nullable=False),
    Column("to_at", Micros),  # none for how it is now
    Column("changed_by", Text, nullable=False),  # an actor's tag
    Index(None, "staff_id", "from_at"),
    Index("uq_status_history_staff_id", "staff_id", unique=True, sqlite_where=_open, postgresql_where=_open),
)

# Append only.
audit = Table(
    "audit",
    metadata,
    id_column(),
    Column("at", Micros, nullable=False, index=True),
    Column("actor", Text, nullable=False),  # an actor's tag
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),  # kind and key
    Column("params", JSON, nullable=False),
)
