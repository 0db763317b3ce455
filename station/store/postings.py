"""Queries of which officer belongs to which station."""

from __future__ import annotations

from sqlalchemy import Connection, select

from service.store import make_upsert
from station.store.schema import postings


def load_posting(connection: Connection, account: str) -> str:
    """Return the code of an account's station, "" where it has none."""
    return (
        connection.execute(select(postings.c.station).where(postings.c.account == account)).scalar_one_or_none() or ""
    )


def set_posting(connection: Connection, account: str, station: str) -> None:
    """Put an account at a station, and at no other."""
    statement = make_upsert(connection, postings).values(account=account, station=station)
    connection.execute(statement.on_conflict_do_update(index_elements=["account"], set_={"station": station}))


def load_postings(connection: Connection) -> dict[str, str]:
    """Return every account's station."""
    return {row.account: row.station for row in connection.execute(select(postings))}
