"""Alembic's entry point: runs the steps on the connection, and in the transaction, of whoever asked."""

from __future__ import annotations

from alembic import context

from oversight.comparing.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
