"""Letters by writer and kind, so that those of one hold up nobody else's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_letters = sa.table(
    "letters", sa.column("id", sa.Integer), sa.column("letter", sa.LargeBinary), sa.column("writer", sa.String),
    sa.column("kind", sa.Integer),
)  # fmt: skip


def upgrade() -> None:
    """Add who wrote each letter, and of which kind it is, as its header says."""
    with op.batch_alter_table("letters", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("writer", sa.String, nullable=False, server_default=""))
        table.add_column(sa.Column("kind", sa.Integer, nullable=False, server_default="0"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(_letters.c.id, _letters.c.letter)).all():
        # Sender, receiver and kind are the fifth to seventh byte, the id of the sender's key the eight after them.
        values = {"writer": f"{row.letter[4]}:{row.letter[7:15].hex()}", "kind": row.letter[6]}
        connection.execute(sa.update(_letters).where(_letters.c.id == row.id).values(values))
    op.drop_index("letters_by_receiver", "letters")
    op.create_index("letters_by_writer", "letters", ["receiver", "writer", "kind", "id"])


def downgrade() -> None:
    """Forget the writers."""
    op.drop_index("letters_by_writer", "letters")
    op.create_index("letters_by_receiver", "letters", ["receiver", "id"])
    with op.batch_alter_table("letters", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_column("kind")
        table.drop_column("writer")
