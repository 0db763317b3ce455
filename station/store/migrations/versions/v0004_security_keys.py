"""Security keys as a second factor."""

from __future__ import annotations

from service.store.account_migrations import add_security_keys, drop_security_keys

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    add_security_keys()


def downgrade() -> None:
    """Forget the keys."""
    drop_security_keys()
