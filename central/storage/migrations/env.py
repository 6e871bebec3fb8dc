"""Alembic's entry: runs the steps on the connection that `central.storage.migrate` hands in."""

from __future__ import annotations

from alembic import context

from central.storage.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
