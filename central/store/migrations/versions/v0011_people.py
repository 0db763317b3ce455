"""Which area each account sees, and what one person proposed and another has to confirm."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
_WHOLE = bytes(16)


def upgrade() -> None:
    """Make the tables. Accounts from before saw everything, and go on doing so."""
    account_areas = op.create_table(
        "account_areas",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("area", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "proposals", sa.Column("id", sa.LargeBinary, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("account", "kind", "value", "proposed_by")),
        sa.Column("proposed_at", sa.BigInteger, nullable=False),
    )  # fmt: skip
    op.create_index("proposals_by_account", "proposals", ["account", "kind", "value"], unique=True)
    names = op.get_bind().execute(sa.text("SELECT name FROM accounts")).scalars().all()
    if names:
        op.bulk_insert(account_areas, [{"account": name, "area": _WHOLE} for name in names])


def downgrade() -> None:
    """Forget areas of accounts and proposals."""
    for name in ("proposals", "account_areas"):
        op.drop_table(name)
