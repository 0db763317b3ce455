"""The tables as they are declared: there is no database of an earlier form."""

from __future__ import annotations

from alembic import op

from oversight.comparing.store.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    """Forget all of it."""
    metadata.drop_all(op.get_bind())
