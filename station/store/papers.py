"""Queries of permits, withdrawals and letters on their way. Times are seconds since 1970."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from service.store import make_upsert
from station.store.schema import letters, permits, withdrawn


def keep_permit(connection: Connection, number: int, note: str, forget_at: int) -> bool:
    """Keep a permit; False where one of this number is kept already, which stays."""
    statement = make_upsert(connection, permits).values(number=number, note=note, forget_at=forget_at)
    return connection.execute(statement.on_conflict_do_nothing()).rowcount == 1


def list_permits(connection: Connection) -> list[str]:
    """Return the notes of the permits of the last days."""
    return list(connection.scalars(select(permits.c.note).order_by(permits.c.number)))


def keep_withdrawal(connection: Connection, leaf: bytes, reason: str, forget_at: int) -> None:
    """Keep that a decision was withdrawn; the first reason stays."""
    statement = make_upsert(connection, withdrawn).values(leaf=leaf, reason=reason, forget_at=forget_at)
    connection.execute(statement.on_conflict_do_nothing())


def load_withdrawals(connection: Connection) -> dict[bytes, str]:
    """Return the leaves of withdrawn decisions with the reasons."""
    return {leaf: reason for leaf, reason in connection.execute(select(withdrawn.c.leaf, withdrawn.c.reason))}


def add_letter(connection: Connection, letter: bytes, body: bytes, made_at: int) -> None:
    """Keep a sealed letter until it was taken."""
    connection.execute(insert(letters).values(id=letter, body=body, made_at=made_at))


def list_letters(connection: Connection, most: int) -> list[tuple[bytes, bytes]]:
    """Return up to `most` letters with their ids, the oldest first."""
    query = select(letters.c.id, letters.c.body).order_by(letters.c.made_at, letters.c.id).limit(most)
    return [(letter, body) for letter, body in connection.execute(query)]


def delete_letter(connection: Connection, letter: bytes) -> None:
    """Remove a letter that was taken."""
    connection.execute(delete(letters).where(letters.c.id == letter))


def forget_papers(connection: Connection, now: int) -> None:
    """Remove permits and withdrawals that no alert can need any more."""
    connection.execute(delete(permits).where(permits.c.forget_at <= now))
    connection.execute(delete(withdrawn).where(withdrawn.c.forget_at <= now))
