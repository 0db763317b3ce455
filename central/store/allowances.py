"""What each terminal has spent of its allowance: one row, changed in the commit that takes its envelopes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from central.store.base import Connection
from central.store.rows import insert_rows, select_among
from central.store.schema import allowances

_TERMINAL = (allowances.c.terminal,)


def load_spent(connection: Connection, ids: Collection[bytes]) -> dict[bytes, int]:
    """Return the numbers (see `central.limits.Allowance`) of the terminals that have one."""
    if not ids:
        return {}
    rows = select_among(connection, (*_TERMINAL, allowances.c.spent_until_ms), _TERMINAL, [(each,) for each in ids])
    return {row.terminal: row.spent_until_ms for row in rows}


def write_spent(connection: Connection, spent: Mapping[bytes, int]) -> None:
    """Write the numbers of some terminals, whose rows in `terminals` are locked."""
    rows = [{"terminal": terminal, "spent_until_ms": until_ms} for terminal, until_ms in spent.items()]
    insert_rows(connection, allowances, rows, update="spent_until_ms")
