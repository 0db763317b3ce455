"""The tables. Who and where lie in `alerts.locked` alone, under a key of the erasable file; times are Unix seconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

from service.store.account_tables import add_account_tables
from service.store.audit_tables import add_audit_tables
from station.store.outcome_tables import add_outcome_tables

metadata = MetaData()

alerts = Table(
    "alerts",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("state", String, nullable=False),  # station.alerts.states.State
    Column("verdict", String, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("holder", String, nullable=False),  # the officer who accepted it, or ""
    Column("accepted_at", BigInteger),
    Column("ended_at", BigInteger),  # closed or withdrawn
    Column("outcome", String, nullable=False),  # of a closed one, or ""
    Column("ended_because", String, nullable=False),  # of a withdrawn one, or ""
    Column("slot", Integer, nullable=False),  # of the erasable key file
    Column("locked", LargeBinary, nullable=False),
    Index("alerts_by_state", "state", "raised_at"),
)

# One number for each change of an alert, without gaps: what a page that was away asks for (station.store.events).
events = Table(
    "events",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("alert", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# A comparison that raised an alert raises no second one, also when the first was forgotten: a digest, no person.
marks = Table(
    "marks",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("forget_at", BigInteger, nullable=False),
)

permits = Table(
    "permits",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("note", String, nullable=False),
    Column("forget_at", BigInteger, nullable=False),
)

# Apart from the permits: a stop that came first counts too.
stops = Table(
    "stops",
    metadata,
    Column("permit", BigInteger, primary_key=True, autoincrement=False),
    Column("note", String, nullable=False),
    Column("forget_at", BigInteger, nullable=False),
)

withdrawn = Table(
    "withdrawn",
    metadata,
    Column("leaf", LargeBinary, primary_key=True),  # hash of the decision's text
    Column("court", String, primary_key=True),  # only its own court withdraws a decision
    Column("forget_at", BigInteger, nullable=False),
)

# Letters on their way out, sealed to whom they are for before they come here.
letters = Table(
    "letters",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

# What remains: how many, by day and name.
counts = Table(
    "counts",
    metadata,
    Column("day", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

account_tables = add_account_tables(metadata)
audit_tables = add_audit_tables(metadata)
outcome_tables = add_outcome_tables(metadata)
