"""The table of releases that are passed on to terminals."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text


def add_release_table(metadata: MetaData) -> Table:
    """Declare the table. The wheels are files beside the database, by their digest."""
    return Table(
        "releases",
        metadata,
        Column("version", String, primary_key=True),
        Column("note", Text, nullable=False),
        Column("proof", Text, nullable=False),
        Column("wheel", String, nullable=False),  # SHA-256, hexadecimal
        Column("added_at", BigInteger, nullable=False),  # seconds since 1970
        Column("ring", Integer, nullable=False),  # central.releases.Ring
        Column("opened_by", String, nullable=False),  # account of whoever opened this ring, "" for none
    )
