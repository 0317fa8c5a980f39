"""Alembic's entry: told its connection by `app.migrate`."""

from __future__ import annotations

from alembic import context

from yingke.app import wiring
from yingke.kernel.schema import metadata

assert wiring.DECLARING  # every table is known once every room is imported

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_server_default=False,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
