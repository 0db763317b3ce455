"""The signing keys of terminals beside the present one: those that ended, and those that are to follow.

The present key stands with its terminal (`central.store.terminals`). A terminal that never renewed has no row here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import delete, func, insert, select, update

from central.store.base import Connection
from central.store.schema import terminal_tables, terminals
from records.suite import VerifyKey

_KEYS = terminal_tables.keys


class KeyStanding(StrEnum):
    """What is taken under a key: coming → present → ended. The first key of a terminal begins as present."""

    COMING = "coming"  # taken beside the present one, until the terminal confirms that it has switched
    PRESENT = "present"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of a terminal. Times are seconds since 1970; `renewal` is the signed message that brought it."""

    terminal: bytes
    number: int
    public_key: bytes
    standing: str  # KeyStanding
    since: int  # when central took it; of the first one 0 where nobody knows
    ended_at: int | None
    renewal: bytes | None = field(default=None, repr=False)


def list_keys(connection: Connection, terminal: bytes) -> list[KeyRow]:
    """Return the keys of a terminal that has ever renewed, the first one first."""
    query = select(_KEYS).where(_KEYS.c.terminal == terminal).order_by(_KEYS.c.number)
    return [KeyRow(*row) for row in connection.execute(query)]


def load_coming(connection: Connection, ids: Collection[bytes]) -> dict[bytes, VerifyKey]:
    """Return the keys that some terminals are about to take, by terminal."""
    query = select(_KEYS.c.terminal, _KEYS.c.public_key).where(
        _KEYS.c.terminal.in_(ids), _KEYS.c.standing == KeyStanding.COMING.value
    )
    return {row.terminal: VerifyKey.from_bytes(row.public_key) for row in connection.execute(query)}


def load_key_stamp(connection: Connection) -> tuple[int, ...]:
    """Return what changes whenever a key begins or ends."""
    last = func.coalesce(func.max(_KEYS.c.since), 0), func.coalesce(func.max(_KEYS.c.ended_at), 0)
    ended = func.count(_KEYS.c.ended_at)
    return tuple(connection.execute(select(func.count(), ended, *last)).one())


def load_all_keys(connection: Connection, ids: Collection[bytes]) -> dict[tuple[bytes, bytes], VerifyKey]:
    """Return every key that some terminals have, or had, by terminal and key id."""
    found: dict[tuple[bytes, bytes], VerifyKey] = {}
    for table in (_KEYS.c.terminal, _KEYS.c.public_key), (terminals.c.id, terminals.c.public_key):
        for terminal, data in connection.execute(select(*table).where(table[0].in_(ids))):
            key = VerifyKey.from_bytes(data)
            found[terminal, key.key_id] = key
    return found


def list_renewals(connection: Connection, ids: Collection[bytes]) -> list[bytes]:
    """Return the signed renewals of some terminals, in the order of their numbers."""
    query = select(_KEYS.c.renewal).where(_KEYS.c.terminal.in_(ids), _KEYS.c.renewal.is_not(None))
    return list(connection.execute(query.order_by(_KEYS.c.terminal, _KEYS.c.number)).scalars())


def add_key(connection: Connection, row: KeyRow) -> None:
    """Add a key."""
    connection.execute(insert(_KEYS), {name: getattr(row, name) for name in KeyRow.__slots__})


def end_key(connection: Connection, terminal: bytes, number: int, now_s: int) -> None:
    """Take nothing more under a key."""
    values = {"standing": KeyStanding.ENDED.value, "ended_at": now_s}
    connection.execute(update(_KEYS).where(_KEYS.c.terminal == terminal, _KEYS.c.number == number).values(values))


def make_present(connection: Connection, row: KeyRow) -> None:
    """Let a key that was to come take the place of the present one."""
    chosen = _KEYS.c.terminal == row.terminal, _KEYS.c.number == row.number
    connection.execute(update(_KEYS).where(*chosen).values(standing=KeyStanding.PRESENT.value))
    connection.execute(update(terminals).where(terminals.c.id == row.terminal).values(public_key=row.public_key))


def drop_coming(connection: Connection, terminal: bytes) -> bool:
    """Forget a key that was to come. Return whether there was one."""
    chosen = _KEYS.c.terminal == terminal, _KEYS.c.standing == KeyStanding.COMING.value
    return connection.execute(delete(_KEYS).where(*chosen)).rowcount > 0


def find_ended(connection: Connection, terminal: bytes, key_id: bytes) -> VerifyKey | None:
    """Return a key of a terminal that has ended, by its id."""
    query = select(_KEYS.c.public_key).where(_KEYS.c.terminal == terminal, _KEYS.c.standing == KeyStanding.ENDED.value)
    keys = map(VerifyKey.from_bytes, connection.execute(query).scalars())
    return next((key for key in keys if key.key_id == key_id), None)
