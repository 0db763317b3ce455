"""Queries of sealed letters between the parties."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, Select, delete, func, select

from central.relay.store.schema import letters
from service.store import make_upsert


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A sealed letter."""

    id: int
    receiver: str
    letter: bytes = field(repr=False)


def insert_letter(
    connection: Connection, receiver: str, writer: str, kind: int, letter: bytes, *, at_most: int
) -> bool:
    """Add a letter, the same bytes once; False where `at_most` of this writer and kind wait for this receiver."""
    digest = hashlib.sha256(receiver.encode() + letter).digest()
    same = (letters.c.receiver == receiver) & (letters.c.writer == writer) & (letters.c.kind == kind)
    if (connection.scalar(select(func.count()).select_from(letters).where(same)) or 0) >= at_most:
        return connection.scalar(select(letters.c.id).where(letters.c.digest == digest)) is not None
    values = {"receiver": receiver, "writer": writer, "kind": kind, "letter": letter, "digest": digest}
    connection.execute(make_upsert(connection, letters).values(values).on_conflict_do_nothing())
    return True


def list_letters(connection: Connection, receiver: str, limit: int) -> list[LetterRow]:
    """Return some of a receiver's letters: the oldest of each writer and kind, then the second ones, and so on."""
    by_turn = func.row_number().over(partition_by=(letters.c.writer, letters.c.kind), order_by=letters.c.id)
    turns = select(letters.c.id, by_turn.label("turn")).where(letters.c.receiver == receiver).subquery()
    query = _select_rows().join(turns, turns.c.id == letters.c.id).order_by(turns.c.turn, letters.c.id).limit(limit)
    return [LetterRow(**row._mapping) for row in connection.execute(query)]


def list_letters_of_kind(connection: Connection, receiver: str, kind: int, after: int, limit: int) -> list[LetterRow]:
    """Return a receiver's letters of one kind whose id is above `after`, the oldest first."""
    wanted = (letters.c.receiver == receiver) & (letters.c.kind == kind) & (letters.c.id > after)
    query = _select_rows().where(wanted).order_by(letters.c.id).limit(limit)
    return [LetterRow(**row._mapping) for row in connection.execute(query)]


def delete_letters(connection: Connection, receiver: str, ids: Collection[int]) -> int:
    """Remove a receiver's acknowledged letters, never another's; return how many there were."""
    own = (letters.c.receiver == receiver) & letters.c.id.in_(ids)
    return connection.execute(delete(letters).where(own)).rowcount


def _select_rows() -> Select[tuple[int, str, bytes]]:
    return select(letters.c.id, letters.c.receiver, letters.c.letter)
