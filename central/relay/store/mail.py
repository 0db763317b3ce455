"""Queries of sealed letters between the parties."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, select

from central.relay.store.schema import letters
from service.store import make_upsert


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A sealed letter."""

    id: int
    receiver: str
    letter: bytes = field(repr=False)


def insert_letter(connection: Connection, receiver: str, letter: bytes, *, at_most: int) -> bool:
    """Add a letter, the same bytes once; False where `at_most` wait for this receiver already."""
    waiting = connection.scalar(select(func.count()).select_from(letters).where(letters.c.receiver == receiver)) or 0
    if waiting >= at_most:
        return False
    values = {"receiver": receiver, "letter": letter, "digest": hashlib.sha256(receiver.encode() + letter).digest()}
    connection.execute(make_upsert(connection, letters).values(values).on_conflict_do_nothing())
    return True


def list_letters(connection: Connection, receiver: str, limit: int) -> list[LetterRow]:
    """Return a receiver's letters, the oldest first."""
    columns = (letters.c.id, letters.c.receiver, letters.c.letter)
    query = select(*columns).where(letters.c.receiver == receiver).order_by(letters.c.id).limit(limit)
    return [LetterRow(**row._mapping) for row in connection.execute(query)]


def delete_letters(connection: Connection, receiver: str, ids: Collection[int]) -> int:
    """Remove a receiver's acknowledged letters, never another's; return how many there were."""
    own = (letters.c.receiver == receiver) & letters.c.id.in_(ids)
    return connection.execute(delete(letters).where(own)).rowcount
