"""Queries of sessions. Times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, or_, select, update

from service.store.account_tables import AccountTables


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session as it is kept."""

    digest: bytes = field(repr=False)
    account: str
    standing: str
    opened_at: int
    seen_at: int
    browser: str
    tries: int = 0
    pending_factor: bytes | None = field(repr=False, default=None)
    challenge: bytes | None = field(repr=False, default=None)
    challenge_until: int | None = None


def insert_session(connection: Connection, tables: AccountTables, row: SessionRow) -> None:
    """Add a session."""
    connection.execute(insert(tables.sessions).values({name: getattr(row, name) for name in SessionRow.__slots__}))


def load_session(connection: Connection, tables: AccountTables, digest: bytes) -> SessionRow | None:
    """Return the session of a token's digest."""
    row = connection.execute(select(tables.sessions).where(tables.sessions.c.digest == digest)).one_or_none()
    return None if row is None else SessionRow(**row._mapping)


def list_sessions(connection: Connection, tables: AccountTables, account: str) -> list[SessionRow]:
    """Return the sessions of an account, the newest first."""
    sessions = tables.sessions
    rows = connection.execute(
        select(sessions).where(sessions.c.account == account).order_by(sessions.c.opened_at.desc(), sessions.c.digest)
    )
    return [SessionRow(**row._mapping) for row in rows]


def change_session(connection: Connection, tables: AccountTables, digest: bytes, values: Mapping[str, object]) -> bool:
    """Change columns of a session; False when it has ended."""
    statement = update(tables.sessions).where(tables.sessions.c.digest == digest).values(dict(values))
    return connection.execute(statement).rowcount == 1


def count_try(connection: Connection, tables: AccountTables, digest: bytes, most: int) -> bool:
    """Count one more try of a code; False when there were `most` already, or the session has ended."""
    sessions = tables.sessions
    statement = update(sessions).where(sessions.c.digest == digest, sessions.c.tries < most)
    return connection.execute(statement.values(tries=sessions.c.tries + 1)).rowcount == 1


def take_challenge(connection: Connection, tables: AccountTables, digest: bytes, challenge: bytes) -> bool:
    """Take a session's challenge as used; False when somebody else has, or there is another now."""
    sessions = tables.sessions
    statement = update(sessions).where(sessions.c.digest == digest, sessions.c.challenge == challenge)
    return connection.execute(statement.values(challenge=None, challenge_until=None)).rowcount == 1


def delete_session(connection: Connection, tables: AccountTables, digest: bytes) -> bool:
    """End a session; False when it has ended already."""
    return connection.execute(delete(tables.sessions).where(tables.sessions.c.digest == digest)).rowcount == 1


def delete_sessions(connection: Connection, tables: AccountTables, account: str) -> None:
    """End every session of an account."""
    connection.execute(delete(tables.sessions).where(tables.sessions.c.account == account))


def delete_old_sessions(connection: Connection, tables: AccountTables, *, seen_before: int, opened_before: int) -> None:
    """Remove sessions that were last used, or opened, before these times."""
    sessions = tables.sessions
    statement = delete(sessions).where(or_(sessions.c.seen_at < seen_before, sessions.c.opened_at < opened_before))
    connection.execute(statement)
