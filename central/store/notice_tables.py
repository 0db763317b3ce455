"""The table of notices to terminals. No text is in it: there is none to write."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table


def add_notice_table(metadata: MetaData) -> Table:
    """Declare the table; its rows are what ingest signs for their terminal (`records.service_notice`)."""
    return Table(
        "notices",
        metadata,
        Column("terminal", LargeBinary, primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", Integer, nullable=False),  # NoticeKind
        Column("field", Integer, nullable=False),  # NoticeField
        Column("moment", BigInteger),  # seconds since 1970, as the other times
        Column("minutes", Integer, nullable=False),
        Column("record", LargeBinary, nullable=False),
        Column("issued_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("sent_by", String, nullable=False),  # account
    )
