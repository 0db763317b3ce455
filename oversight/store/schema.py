"""The tables. What a guest wrote and what was answered lie in `requests` under a key of their own, which is erased."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

from service.store.account_tables import add_account_tables
from service.store.audit_tables import add_audit_tables

metadata = MetaData()

requests = Table(
    "requests",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("mark", LargeBinary, nullable=False),  # tells two texts under one id apart
    Column("state", String, nullable=False),  # oversight.redress.states.State
    Column("received_at", BigInteger, nullable=False),
    Column("holder", String, nullable=False),  # the officer who took it, or ""
    Column("taken_at", BigInteger),
    Column("ended_at", BigInteger),  # answered or closed
    Column("reason", String, nullable=False),  # why it was closed, or ""
    Column("deleted_at", BigInteger),
    Column("slot", Integer),  # of the erasable key file; none once it is deleted
    Column("locked", LargeBinary),
    Column("locked_answer", LargeBinary),
    Index("requests_by_time", "state", "received_at"),
)

account_tables = add_account_tables(metadata)
audit_tables = add_audit_tables(metadata)
