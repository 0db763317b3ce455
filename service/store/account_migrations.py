"""Steps of migrations that every service with accounts takes alike. One that has been released never changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def add_security_keys() -> None:
    """Make the table of security keys, and room for a challenge in each session."""
    op.create_table(
        "security_keys",
        sa.Column("credential", sa.LargeBinary, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("suspected_at", sa.BigInteger),
    )
    op.create_index("security_keys_by_account", "security_keys", ["account"])
    op.add_column("sessions", sa.Column("challenge", sa.LargeBinary))
    op.add_column("sessions", sa.Column("challenge_until", sa.BigInteger))


def drop_security_keys() -> None:
    """Forget all security keys: who has nothing else signs in by a recovery code, or is reset."""
    op.drop_column("sessions", "challenge_until")
    op.drop_column("sessions", "challenge")
    op.drop_table("security_keys")
