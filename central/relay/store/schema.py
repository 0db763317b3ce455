"""The tables. No time stands in them, and of a guest only what is sealed to the station."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_tag", LargeBinary, nullable=False, unique=True),  # the same guest and decision once, however often
    Column("handle", LargeBinary, nullable=False),
    Column("day_key_id", LargeBinary, nullable=False),  # which key of the station the block is sealed to
    Column("place_key_id", LargeBinary, nullable=False),  # and which the place: around midnight they differ
    Column("permit", BigInteger, nullable=False),
    Column("block", LargeBinary, nullable=False),
    Column("place", LargeBinary, nullable=False),
    Column("venue", LargeBinary, nullable=False),
    sqlite_autoincrement=True,  # an id is never used twice: an acknowledgement that comes late deletes nothing else
)

letters = Table(
    "letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("receiver", String, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("letter", LargeBinary, nullable=False),
    Column("writer", String, nullable=False),  # the party, whichever of its keys signed
    Column("kind", Integer, nullable=False),
    Index("letters_by_writer", "receiver", "writer", "kind", "id"),
    sqlite_autoincrement=True,
)

# What the station last published (its key of the day), so that a restart does not forget it.
notices = Table(
    "notices",
    metadata,
    Column("name", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

# One row that every tick changes, so that a tick without alerts is a commit like one with them.
ticks = Table(
    "ticks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
)
