"""The terminals and their venues."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sqlalchemy import bindparam, insert, select, update

from central.store.base import Connection, open_store
from central.store.schema import terminals
from records.suite import VerifyKey

_TERMINALS = select(terminals).where(terminals.c.id.in_(bindparam("ids", expanding=True)))


class TerminalState(StrEnum):
    """Whether a terminal's envelopes are accepted."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as central knows it. Ids are 16 raw bytes."""

    id: bytes
    venue: bytes
    key: VerifyKey = field(repr=False)
    state: TerminalState = TerminalState.ACTIVE


def seed_terminal(database: Path, *, terminal: bytes, venue: bytes, public_key: bytes) -> None:
    """Make a terminal known, or give a known one this venue and key; a revoked one stays revoked.

    Opens the database and closes it again. Raises: MalformedBytes("verify key"), StoreError.
    """
    seeded = Terminal(terminal, venue, VerifyKey.from_bytes(public_key))
    store = open_store(database)
    try:
        with store.writing() as connection:
            write_terminal(connection, seeded)
    finally:
        store.close()


def write_terminal(connection: Connection, terminal: Terminal) -> None:
    """Add a terminal, or change venue and key of a known one. Its state is changed by `revoke_terminal` alone."""
    values = {"venue": terminal.venue, "public_key": terminal.key.data}
    changed = connection.execute(update(terminals).where(terminals.c.id == terminal.id).values(values))
    if not changed.rowcount:
        connection.execute(insert(terminals).values(id=terminal.id, state=terminal.state.value, **values))


def revoke_terminal(connection: Connection, terminal: bytes) -> None:
    """Accept nothing more from a terminal."""
    connection.execute(update(terminals).where(terminals.c.id == terminal).values(state=TerminalState.REVOKED.value))


def load_terminals(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Terminal]:
    """Return the terminals among `ids` that are known, by id."""
    rows = connection.execute(_TERMINALS, {"ids": ids})
    return {
        row.id: Terminal(row.id, row.venue, VerifyKey.from_bytes(row.public_key), TerminalState(row.state))
        for row in rows
    }
