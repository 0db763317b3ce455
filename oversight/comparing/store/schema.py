"""The tables. None of them has a row about a guest, or about a person whom a court named."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, String, Table

from service.store.account_tables import add_account_tables
from service.store.audit_tables import add_audit_tables

metadata = MetaData()

# What office and station told of a month, the newest letter of each: counts, small ones left out before they came.
reported = Table(
    "reported",
    metadata,
    Column("sender", String, primary_key=True),
    Column("month", String, primary_key=True),  # YYYY-MM
    Column("name", String, primary_key=True),
    Column("court", String, primary_key=True),  # "" where it is of all courts
    Column("act", String, primary_key=True),  # "" where it is of all acts
    Column("n", BigInteger),  # none: some, but few
)

# The newest checkpoint of each log that an export was found good for: the next one must continue it.
verified = Table(
    "verified",
    metadata,
    Column("log", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("note", String, nullable=False),  # "" until one was found good
    Column("size", BigInteger, nullable=False),
    Column("faults", BigInteger, nullable=False),  # of the latest export; 0: whole and unchanged
    Column("words", String, nullable=False),  # what was wrong with it, a code a line
)

account_tables = add_account_tables(metadata)
audit_tables = add_audit_tables(metadata)
