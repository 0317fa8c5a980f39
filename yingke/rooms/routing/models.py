"""Routing: the tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, Text

from yingke.kernel.schema import Column, Micros, Table, id_column, metadata

# One row for each group: whose lock makes one assigner of many processes.
group = Table(
    "routing_group",
    metadata,
    Column("group_id", BigInteger, primary_key=True, autoincrement=False),
    Column("drain_at", Micros, index=True),
    Column("tell_at", Micros, index=True),
    Column("told_at", Micros, nullable=False),
)
waiting = Table(
    "routing_waiting",
    metadata,
    Column("conversation_id", BigInteger, primary_key=True, autoincrement=False),
    Column("group_id", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("queued_at", Micros, nullable=False),
    Column("ahead", Integer),
    Index(None, "group_id", "priority", "queued_at", "conversation_id"),
)
agent = Table(
    "routing_agent",
    metadata,
    Column("staff_id", BigInteger, primary_key=True, autoincrement=False),
    Column("load", Integer, nullable=False),
    Column("last_assigned_at", Micros, nullable=False),
    Column("away_at", Micros, index=True),  # from then on, others answer for this one
    Column("given_up_at", Micros),  # when that was done for what already waited
)
held = Table(
    "routing_held",
    metadata,
    Column("conversation_id", BigInteger, primary_key=True, autoincrement=False),
    Column("staff_id", BigInteger, nullable=False, index=True),
)
decision = Table(
    "routing_decision",
    metadata,
    id_column(),
    Column("conversation_id", BigInteger, nullable=False, index=True),
    Column("group_id", BigInteger, nullable=False),
    Column("at", Micros, nullable=False),
    Column("staff_id", BigInteger),
    Column("policy", Text, nullable=False),
    Column("candidates", Text, nullable=False),
)
