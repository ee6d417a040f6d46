"""Run by Alembic; `migrate` gives the connection."""

from __future__ import annotations

from alembic import context

from arengo.adapters.db import tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
