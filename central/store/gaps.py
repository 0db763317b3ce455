"""Gaps in terminals' numbers: found by the keeper, shown to administrators without the numbers themselves."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from central.store.areas import Scope, limit_venues
from central.store.base import Connection
from central.store.deliveries import Generation
from central.store.schema import runs, terminal_tables, terminals
from central.store.terminals import TerminalState

# What came on two ways at once is in order within minutes, and nobody's business.
GAP_SHOWN_AFTER_S = 600
_GAPS = terminal_tables.gaps


@dataclass(frozen=True, slots=True)
class GapRow:
    """What is missing of one generation of a terminal's numbers, and since when (seconds since 1970)."""

    terminal: bytes
    generation: int
    missing: int
    since: int
    explained: int
    settled_by: str | None
    settled_at: int | None

    @property
    def is_open(self) -> bool:
        """True while more is missing than somebody has accounted for."""
        return self.missing > self.explained


def count_missing(connection: Connection) -> dict[Generation, int]:
    """Return how many numbers are missing below the highest of each generation that has gaps."""
    held = func.sum(runs.c.last - runs.c.first + 1)
    missing = func.max(runs.c.last) - held
    query = select(runs.c.terminal, runs.c.generation, missing).group_by(runs.c.terminal, runs.c.generation)
    rows = connection.execute(query.having(missing > 0))
    return {Generation(row[0], row[1]): int(row[2]) for row in rows}


def list_missing(connection: Connection, terminal: bytes) -> list[tuple[int, int, int]]:
    """Return generation, first and last number of each gap of a terminal. For the machine's own command line."""
    query = select(runs).where(runs.c.terminal == terminal).order_by(runs.c.generation, runs.c.first)
    gaps, before = [], (0, 0)  # generation, and the number up to which nothing more is missing
    for row in connection.execute(query):
        reached = before[1] if before[0] == row.generation else 0
        if row.first > reached + 1:
            gaps.append((row.generation, reached + 1, row.first - 1))
        before = row.generation, row.last
    return gaps


def update_gaps(connection: Connection, now_s: int) -> None:
    """Bring what is known of gaps up to date: new ones begin now, those that were filled are forgotten."""
    found = count_missing(connection)
    known = {Generation(row.terminal, row.generation): row for row in connection.execute(select(_GAPS))}
    for each in known.keys() - found.keys():
        connection.execute(delete(_GAPS).where(_is(each)))
    for each, row in known.items():
        if each in found and found[each] != row.missing:
            values = {"missing": found[each], "explained": min(row.explained, found[each])}
            connection.execute(update(_GAPS).where(_is(each)).values(values))
    new = [
        {**each._asdict(), "missing": found[each], "since": now_s, "explained": 0}
        for each in found
        if each not in known
    ]
    if new:
        connection.execute(insert(_GAPS), new)


def list_gaps(connection: Connection, terminal: bytes) -> list[GapRow]:
    """Return a terminal's gaps, the latest generation first."""
    query = select(_GAPS).where(_GAPS.c.terminal == terminal).order_by(_GAPS.c.generation.desc())
    return [GapRow(*row) for row in connection.execute(query)]


def settle_gap(connection: Connection, terminal: bytes, generation: int, missing: int, by: str, now_s: int) -> bool:
    """Note that somebody has accounted for what is missing; False where it is another number by now."""
    chosen = _is(Generation(terminal, generation)), _GAPS.c.missing == missing, _GAPS.c.explained < missing
    values = {"explained": missing, "settled_by": by, "settled_at": now_s}
    return connection.execute(update(_GAPS).where(*chosen).values(values)).rowcount == 1


def list_gap_terminals(connection: Connection, scope: Scope, since: int, most: int) -> list[bytes]:
    """Return the terminals of a scope with open gaps that have stood since a time, the oldest first."""
    joined = _GAPS.join(terminals, terminals.c.id == _GAPS.c.terminal)
    is_open = and_(_GAPS.c.missing > _GAPS.c.explained, _GAPS.c.since <= since)
    query = (
        select(_GAPS.c.terminal)
        .select_from(joined)
        .where(is_open, terminals.c.state == TerminalState.ACTIVE.value, limit_venues(scope, terminals.c.venue))
        .group_by(_GAPS.c.terminal)
        .order_by(func.min(_GAPS.c.since))
    )
    return list(connection.execute(query.limit(most)).scalars())


def _is(generation: Generation) -> ColumnElement[bool]:
    return and_(_GAPS.c.terminal == generation.terminal, _GAPS.c.generation == generation.generation)
