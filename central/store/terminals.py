"""The terminals and their venues."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Row, update

from central.store.base import Connection, make_upsert, open_store
from central.store.rows import select_among
from central.store.schema import terminals
from central.store.terminal_keys import load_coming
from records.receipt import RefusalReason
from records.suite import VerifyKey

_ID = (terminals.c.id,)
_TERMINAL = (terminals.c.id, terminals.c.venue, terminals.c.public_key, terminals.c.state)


class TerminalState(StrEnum):
    """Whether anything of a terminal is accepted.

    active → suspended (one administrator) → active (two), and either → revoked, or replaced when another terminal
    takes its place. Nothing leads out of the last two. Before `active` comes `central.enrolment.EnrolmentState`.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REPLACED = "replaced"

    @property
    def is_final(self) -> bool:
        """True where nothing leads out of it."""
        return self in (TerminalState.REVOKED, TerminalState.REPLACED)

    @property
    def refusal(self) -> RefusalReason | None:
        """Why nothing of such a terminal is accepted; None where it is."""
        if self is TerminalState.ACTIVE:
            return None
        return RefusalReason.TERMINAL_SUSPENDED if self is TerminalState.SUSPENDED else RefusalReason.TERMINAL_REVOKED


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as central knows it. Ids are 16 raw bytes."""

    id: bytes
    venue: bytes
    key: VerifyKey = field(repr=False)
    state: TerminalState = TerminalState.ACTIVE
    coming: VerifyKey | None = field(default=None, repr=False)  # that it is about to take; where it was asked for

    def find_key(self, key_id: bytes) -> VerifyKey | None:
        """Return the key of this id under which anything of the terminal is taken."""
        return next((key for key in (self.key, self.coming) if key is not None and key.key_id == key_id), None)


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
    """Add a terminal, or change venue and key of a known one. Its state is changed by `change_state` alone."""
    values = {"venue": terminal.venue, "public_key": terminal.key.data}
    statement = make_upsert(connection, terminals).values(id=terminal.id, state=terminal.state.value, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def insert_terminal(connection: Connection, terminal: Terminal) -> bool:
    """Add a terminal; False where there is one of this id, which stays as it is."""
    values = {"venue": terminal.venue, "public_key": terminal.key.data, "state": terminal.state.value}
    statement = make_upsert(connection, terminals).values(id=terminal.id, **values).on_conflict_do_nothing()
    return connection.execute(statement.returning(terminals.c.id)).one_or_none() is not None


def change_state(connection: Connection, terminal: bytes, state: TerminalState, *, among: set[TerminalState]) -> bool:
    """Change a terminal's state where it is one of `among`. Return whether it was."""
    chosen = terminals.c.id == terminal, terminals.c.state.in_({each.value for each in among})
    return connection.execute(update(terminals).where(*chosen).values(state=state.value)).rowcount > 0


def revoke_terminal(connection: Connection, terminal: bytes) -> bool:
    """Accept nothing more from a terminal. Return whether it is known and was not revoked."""
    living = {TerminalState.ACTIVE, TerminalState.SUSPENDED}
    return change_state(connection, terminal, TerminalState.REVOKED, among=living)


def load_terminals(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Terminal]:
    """Return the terminals among `ids` that are known, by id."""
    rows = select_among(connection, _TERMINAL, _ID, [(each,) for each in ids])
    return {row.id: _make_terminal(row) for row in rows}


def load_senders(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Terminal]:
    """Return the terminals among `ids` that are known, by id, each with the key that is to follow its present one."""
    found = load_terminals(connection, ids)
    for terminal, key in load_coming(connection, found).items():
        found[terminal] = replace(found[terminal], coming=key)
    return found


def lock_terminals(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Terminal]:
    """Return the terminals among `ids` that are known, and let no other transaction judge their envelopes meanwhile."""
    rows = select_among(connection, _TERMINAL, _ID, [(each,) for each in ids], lock=True)
    return {row.id: _make_terminal(row) for row in rows}


def _make_terminal(row: Row[Any]) -> Terminal:
    return Terminal(row.id, row.venue, _load_key(row.public_key), TerminalState(row.state))


# Loading a key costs half as much as a verification with it.
_load_key = lru_cache(maxsize=4096)(VerifyKey.from_bytes)
