"""Queries of an audit log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, func, insert, select, text

from records.tree import TILE_WIDTH, hash_leaf, hash_whole
from service.audit.entry import Entry
from service.store.audit_tables import AuditTables

_LOCK = 0x6B6A7461  # "kjta": one transaction at a time appends


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint as it lies in the database."""

    size: int
    made_at: int
    note: str


@dataclass(frozen=True, slots=True)
class StoredTree:
    """The tree in the database, for as long as its transaction lasts."""

    connection: Connection
    tables: AuditTables

    def read(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return the hashes of whole subtrees."""
        if level == 0:
            return [hash_leaf(each) for each in load_commitments(self.connection, self.tables, start, end)]
        subtrees = self.tables.subtrees
        query = select(subtrees.c.hash).where(
            subtrees.c.level == level, subtrees.c.number >= start, subtrees.c.number < end
        )
        return self.connection.execute(query.order_by(subtrees.c.number)).scalars().all()


def lock_log(connection: Connection) -> None:
    """Let nobody else append until this transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def count_leaves(connection: Connection, tables: AuditTables) -> int:
    """Return how many leaves there are; they are numbered from 0 without a gap."""
    last = connection.execute(select(func.max(tables.leaves.c.number))).scalar_one()
    return 0 if last is None else last + 1


def add_entries(connection: Connection, tables: AuditTables, entries: Sequence[Entry]) -> None:
    """Append entries with their commitments, under `lock_log`."""
    leaves = [{"number": each.number, "commitment": each.commitment} for each in entries]
    connection.execute(insert(tables.leaves), leaves)
    names = ("number", "time", "actor", "act", "subject", "salt")
    connection.execute(insert(tables.entries), [{name: getattr(each, name) for name in names} for each in entries])


def add_subtrees(connection: Connection, tables: AuditTables, size: int) -> None:
    """Write down the hashes of the subtrees that are whole at `size` leaves and were not before."""
    tree, subtrees, level = StoredTree(connection, tables), tables.subtrees, 1
    while whole := size // TILE_WIDTH**level:
        last = connection.execute(select(func.max(subtrees.c.number)).where(subtrees.c.level == level)).scalar_one()
        for number in range(0 if last is None else last + 1, whole):
            found = hash_whole(tree.read(level - 1, number * TILE_WIDTH, (number + 1) * TILE_WIDTH))
            connection.execute(insert(subtrees).values(level=level, number=number, hash=found))
        level += 1


def add_checkpoint(connection: Connection, tables: AuditTables, made: KeptCheckpoint) -> None:
    """Keep a checkpoint."""
    connection.execute(insert(tables.checkpoints).values(size=made.size, made_at=made.made_at, note=made.note))


def load_checkpoints(connection: Connection, tables: AuditTables) -> list[KeptCheckpoint]:
    """Return the checkpoints that are kept, the oldest first."""
    query = select(tables.checkpoints).order_by(tables.checkpoints.c.size)
    return [_make_checkpoint(row) for row in connection.execute(query)]


def load_latest_checkpoint(connection: Connection, tables: AuditTables) -> KeptCheckpoint | None:
    """Return the newest checkpoint."""
    query = select(tables.checkpoints).order_by(tables.checkpoints.c.size.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _make_checkpoint(row)


def load_commitments(connection: Connection, tables: AuditTables, start: int, end: int) -> Sequence[bytes]:
    """Return the commitments of leaves `start` to `end` (exclusive)."""
    leaves = tables.leaves
    query = select(leaves.c.commitment).where(leaves.c.number >= start, leaves.c.number < end)
    return connection.execute(query.order_by(leaves.c.number)).scalars().all()


def load_entries(
    connection: Connection, tables: AuditTables, start: int, end: int, *, without: Iterable[str] = ()
) -> list[Entry]:
    """Return the entries numbered `start` to `end` (exclusive) whose text is still kept, but for some acts."""
    entries = tables.entries
    query = select(entries).where(entries.c.number >= start, entries.c.number < end, entries.c.act.not_in([*without]))
    return [Entry(*row) for row in connection.execute(query.order_by(entries.c.number))]


def find_forgettable(connection: Connection, tables: AuditTables, before: int) -> int | None:
    """Return the size of the newest checkpoint up to which every entry is older than `before`; None for nothing new.

    The latest checkpoint and what came with it always stay.
    """
    entries, checkpoints = tables.entries, tables.checkpoints
    # In the order of numbers, so that it ends at the first: what is old was forgotten yesterday.
    young = select(entries.c.number).where(entries.c.time >= before).order_by(entries.c.number).limit(1)
    first_young = connection.execute(young).scalar_one_or_none()
    first_kept = connection.execute(select(func.min(entries.c.number))).scalar_one()
    latest = select(func.max(checkpoints.c.size)).scalar_subquery()
    query = select(func.max(checkpoints.c.size)).where(checkpoints.c.size < latest)
    if first_young is not None:
        query = query.where(checkpoints.c.size <= first_young)
    found: int | None = connection.execute(query).scalar_one()
    return None if found is None or first_kept is None or found <= first_kept else found


def forget_until(connection: Connection, tables: AuditTables, number: int) -> None:
    """Delete the text of the entries before `number`, and the checkpoints up to there. The commitments stay."""
    connection.execute(delete(tables.entries).where(tables.entries.c.number < number))
    connection.execute(delete(tables.checkpoints).where(tables.checkpoints.c.size <= number))


def _make_checkpoint(row: Row[tuple[object, ...]]) -> KeptCheckpoint:
    return KeptCheckpoint(row.size, row.made_at, row.note)
