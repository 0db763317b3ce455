"""The tables. Those of handles and outcomes hold hashes, and no moment finer than an hour or a day."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

from service.store.audit_tables import add_audit_tables

metadata = MetaData()

# Lists that were imported. Both notes are kept as they were signed, and checked again whenever a permit begins.
versions = Table(
    "versions",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("list_note", String, nullable=False),
    Column("imported", String, nullable=False),  # note of the officer who imported it
    Column("activated", String, nullable=False),  # note of another officer, "" before
    Column("activated_day", Integer, nullable=False),  # days since 1970, 0 before
)

# Which decisions a list has: digests, also of those whose note is not kept any more.
version_leaves = Table(
    "version_leaves",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, primary_key=True),
)

# The decisions of the newest lists, as the court signed them.
decisions = Table(
    "decisions",
    metadata,
    Column("leaf", LargeBinary, primary_key=True),
    Column("note", String, nullable=False),
)

# Why a decision is compared no longer.
endings = Table(
    "endings",
    metadata,
    Column("leaf", LargeBinary, primary_key=True),
    Column("reason", String, nullable=False),  # screening.standing.Ending
    Column("note", String, nullable=False),  # the court's withdrawal, or ""
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("alert", LargeBinary, primary_key=True),  # hash of the alert's tag: each counts once
    Column("leaf", LargeBinary, nullable=False),
    Column("outcome", String, nullable=False),
    Index("outcomes_by_leaf", "leaf"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("leaf", LargeBinary, nullable=False),
    Column("mark", LargeBinary, nullable=False, unique=True),  # the token, stretched
    Column("approved", String, nullable=False),  # note of the officer who approved it, "" before
    Index("suppressions_by_leaf", "leaf"),
    sqlite_autoincrement=True,
)

handles = Table(
    "handles",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("permit", BigInteger, nullable=False),
    Column("hour", BigInteger, nullable=False),  # since 1970, in which it was claimed
    Column("tries", Integer, nullable=False),
    Column("is_closed", Integer, nullable=False),
    Index("handles_by_hour", "hour"),
    Index("handles_by_permit", "permit"),
)

# Permits that this office has seen: an older one, or one that was stopped, never begins again.
permits = Table(
    "permits",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("is_stopped", Integer, nullable=False),
)

counts = Table(
    "counts",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

# Courts that went quiet: the number of the station's latest notice, and the latest that was reviewed.
quiet_courts = Table(
    "quiet_courts",
    metadata,
    Column("court", String, primary_key=True),
    Column("notice", BigInteger, nullable=False),
    Column("reviewed", BigInteger, nullable=False),
)

# What officers and the process did. The only moments here to the second, and none of them is a guest's.
audit_tables = add_audit_tables(metadata)
