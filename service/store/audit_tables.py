"""The tables of an audit log, for a service to add to its own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table


@dataclass(frozen=True, slots=True)
class AuditTables:
    """The four tables of one log."""

    leaves: Table
    entries: Table
    subtrees: Table
    checkpoints: Table


def add_audit_tables(metadata: MetaData) -> AuditTables:
    """Declare the tables of an audit log beside the service's own."""
    leaves = Table("audit_leaves", metadata, _number(), Column("commitment", LargeBinary, nullable=False))
    # The text of an entry, which goes one day; its commitment stays.
    entries = Table(
        "audit_entries",
        metadata,
        _number(),
        Column("time", BigInteger, nullable=False),
        *(Column(name, String, nullable=False) for name in ("actor", "act", "subject")),
        Column("salt", LargeBinary, nullable=False),
    )
    # Hashes of whole subtrees of 256 leaves (level 1), 65536 (level 2) and so on, so that a root costs few hashes.
    subtrees = Table(
        "audit_subtrees",
        metadata,
        Column("level", Integer, primary_key=True, autoincrement=False),
        _number(),
        Column("hash", LargeBinary, nullable=False),
    )
    checkpoints = Table(
        "audit_checkpoints",
        metadata,
        Column("size", BigInteger, primary_key=True, autoincrement=False),
        Column("made_at", BigInteger, nullable=False),
        Column("note", String, nullable=False),
    )
    return AuditTables(leaves, entries, subtrees, checkpoints)


def _number() -> Column[int]:
    return Column("number", BigInteger, primary_key=True, autoincrement=False)
