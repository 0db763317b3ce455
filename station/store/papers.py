"""Queries of permits, stops, withdrawals and letters on their way. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, literal, select, tuple_

from service.store import make_upsert
from station.store.schema import letters, permits, stops, withdrawn

Place = tuple[int, bytes]  # when a letter was made, and its id
START: Place = (-1, b"")


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A sealed letter on its way."""

    place: Place
    body: bytes

    @property
    def id(self) -> bytes:
        """Its key in the table."""
        return self.place[1]


def keep_permit(connection: Connection, number: int, note: str, forget_at: int) -> None:
    """Keep a permit; where one of this number is kept already, that one stays."""
    statement = make_upsert(connection, permits).values(number=number, note=note, forget_at=forget_at)
    connection.execute(statement.on_conflict_do_nothing())


def keep_stop(connection: Connection, permit: int, note: str, forget_at: int) -> None:
    """Keep that a permit was stopped; the first stop stays."""
    statement = make_upsert(connection, stops).values(permit=permit, note=note, forget_at=forget_at)
    connection.execute(statement.on_conflict_do_nothing())


def list_permits(connection: Connection) -> list[str]:
    """Return the notes of the permits of the last days."""
    return list(connection.scalars(select(permits.c.note).order_by(permits.c.number)))


def list_stops(connection: Connection) -> list[str]:
    """Return the notes of the stops of the last days."""
    return list(connection.scalars(select(stops.c.note).order_by(stops.c.permit)))


def keep_withdrawal(connection: Connection, leaf: bytes, court: str, forget_at: int) -> None:
    """Keep that a court withdrew a decision."""
    statement = make_upsert(connection, withdrawn).values(leaf=leaf, court=court, forget_at=forget_at)
    connection.execute(statement.on_conflict_do_nothing())


def load_withdrawals(connection: Connection) -> set[tuple[bytes, str]]:
    """Return leaf and court of every withdrawal."""
    return {(leaf, court) for leaf, court in connection.execute(select(withdrawn.c.leaf, withdrawn.c.court))}


def add_letter(connection: Connection, letter: bytes, body: bytes, made_at: int) -> None:
    """Keep a sealed letter until it was taken."""
    connection.execute(insert(letters).values(id=letter, body=body, made_at=made_at))


def list_letters(connection: Connection, after: Place, most: int) -> list[LetterRow]:
    """Return up to `most` letters that come after a place, the oldest first."""
    place = tuple_(letters.c.made_at, letters.c.id)
    query = select(letters.c.made_at, letters.c.id, letters.c.body).where(place > tuple_(*map(literal, after)))
    rows = connection.execute(query.order_by(letters.c.made_at, letters.c.id).limit(most))
    return [LetterRow((row.made_at, row.id), row.body) for row in rows]


def delete_letter(connection: Connection, letter: bytes) -> None:
    """Remove a letter that was taken."""
    connection.execute(delete(letters).where(letters.c.id == letter))


def forget_papers(connection: Connection, now: int) -> None:
    """Remove permits, stops and withdrawals that no alert can need any more."""
    for table in (permits, stops, withdrawn):
        connection.execute(delete(table).where(table.c.forget_at <= now))
