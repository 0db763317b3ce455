"""Queries of which process keeps house."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, select, update

from service.store import make_upsert
from station.store.schema import keeping

_ROW = 1


@dataclass(frozen=True, slots=True)
class KeepingRow:
    """Who keeps house, and how often that was renewed."""

    holder: bytes = b""
    turn: int = 0
    has_room: bool = True
    folder: bytes = field(repr=False, default=b"")


def load_keeping(connection: Connection) -> KeepingRow:
    """Return who keeps house; nobody where nobody ever did."""
    names = [keeping.c[name] for name in KeepingRow.__slots__]
    row = connection.execute(select(*names).where(keeping.c.id == _ROW)).one_or_none()
    return KeepingRow() if row is None else KeepingRow(**row._mapping)


def bind_folder(connection: Connection, folder: bytes) -> bool:
    """Write down the mark of the folder that goes with this database; False where it is another one's."""
    first = make_upsert(connection, keeping).values(id=_ROW, holder=b"", turn=0, has_room=True, folder=folder)
    connection.execute(first.on_conflict_do_nothing())
    return load_keeping(connection).folder == folder


def renew_keeping(connection: Connection, holder: bytes, *, has_room: bool) -> int | None:
    """Say that `holder` goes on, and return the new turn; None where somebody else keeps house now."""
    statement = update(keeping).where(keeping.c.id == _ROW, keeping.c.holder == holder)
    values = {"turn": keeping.c.turn + 1, "has_room": has_room}
    return connection.execute(statement.values(values).returning(keeping.c.turn)).scalar_one_or_none()


def take_keeping(connection: Connection, holder: bytes, seen: KeepingRow) -> bool:
    """Let `holder` keep house if all is still as it was seen; False where somebody was quicker."""
    is_still = (keeping.c.id == _ROW) & (keeping.c.holder == seen.holder) & (keeping.c.turn == seen.turn)
    statement = update(keeping).where(is_still).values(holder=holder, turn=seen.turn + 1)
    return connection.execute(statement).rowcount == 1


def leave_keeping(connection: Connection, holder: bytes) -> None:
    """Let the next one keep house at once."""
    statement = update(keeping).where(keeping.c.id == _ROW, keeping.c.holder == holder)
    connection.execute(statement.values(holder=b"", turn=keeping.c.turn + 1))
