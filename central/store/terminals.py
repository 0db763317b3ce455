"""The terminals and their venues."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from sqlalchemy import bindparam, select, update

from central.store.base import Connection, make_upsert, open_store
from central.store.schema import terminals
from records.suite import VerifyKey

_TERMINALS = select(terminals.c.id, terminals.c.venue, terminals.c.public_key, terminals.c.state).where(
    terminals.c.id.in_(bindparam("ids", expanding=True))
)
_LOCKED_TERMINALS = _TERMINALS.order_by(terminals.c.id).with_for_update(key_share=True)


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


def seed_terminal(database: Path | str, *, terminal: bytes, venue: bytes, public_key: bytes) -> None:
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
    statement = make_upsert(connection, terminals).values(id=terminal.id, state=terminal.state.value, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def revoke_terminal(connection: Connection, terminal: bytes) -> bool:
    """Accept nothing more from a terminal. Return whether it is known."""
    revoked = update(terminals).where(terminals.c.id == terminal).values(state=TerminalState.REVOKED.value)
    return connection.execute(revoked).rowcount > 0


def load_terminals(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Terminal]:
    """Return the terminals among `ids` that are known, by id."""
    return {row.id: _make_terminal(*row) for row in connection.execute(_TERMINALS, {"ids": ids})}


def lock_terminals(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Terminal]:
    """Return the terminals among `ids` that are known, and let no other transaction judge their envelopes meanwhile."""
    # In the order of ids, so that two processes never wait for each other. SQLite has one writer anyway.
    return {row.id: _make_terminal(*row) for row in connection.execute(_LOCKED_TERMINALS, {"ids": sorted(ids)})}


def _make_terminal(terminal: bytes, venue: bytes, public_key: bytes, state: str) -> Terminal:
    return Terminal(terminal, venue, _load_key(public_key), TerminalState(state))


# Loading a key costs half as much as a verification with it.
_load_key = lru_cache(maxsize=4096)(VerifyKey.from_bytes)
