"""Reading and writing the releases that are passed on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from central.store.base import Connection
from central.store.schema import heartbeats, releases, terminals
from central.store.terminals import TerminalState


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release as it is kept; `ring` is a `central.releases.Ring`."""

    version: str
    note: str
    proof: str
    wheel: str
    added_at: int
    ring: int
    opened_by: str


def list_releases(connection: Connection) -> list[ReleaseRow]:
    """Return every release, in no order."""
    return [ReleaseRow(*row) for row in connection.execute(select(releases))]


def add_release(connection: Connection, row: ReleaseRow) -> None:
    """Add a release. Raises: StoreError where there is one of this version."""
    values = {name: getattr(row, name) for name in ReleaseRow.__slots__}
    connection.execute(releases.insert().values(**values))


def change_ring(connection: Connection, before: ReleaseRow, ring: int, opened_by: str) -> bool:
    """Open a release to another ring, unless somebody else has meanwhile. Return whether it was done."""
    mine = (releases.c.version == before.version) & (releases.c.ring == before.ring)
    mine &= releases.c.opened_by == before.opened_by
    return connection.execute(update(releases).where(mine).values(ring=ring, opened_by=opened_by)).rowcount == 1


def remove_release(connection: Connection, version: str) -> None:
    """Forget a release."""
    connection.execute(delete(releases).where(releases.c.version == version))


def list_active_terminals(connection: Connection) -> list[bytes]:
    """Return the ids of the terminals that may send."""
    active = select(terminals.c.id).where(terminals.c.state == TerminalState.ACTIVE.value)
    return [bytes(each) for each in connection.execute(active).scalars()]


def is_active(connection: Connection, terminal: bytes) -> bool:
    """Tell whether a terminal is known and may send."""
    state = select(terminals.c.state).where(terminals.c.id == terminal)
    return connection.execute(state).scalar_one_or_none() == TerminalState.ACTIVE.value


def count_versions(connection: Connection) -> dict[str, int]:
    """Return how many terminals last said that they run which version; revoked ones are left out."""
    joined = heartbeats.join(terminals, terminals.c.id == heartbeats.c.terminal)
    counted = select(heartbeats.c.version, func.count()).select_from(joined).group_by(heartbeats.c.version)
    rows = connection.execute(counted.where(terminals.c.state == TerminalState.ACTIVE.value))
    return {str(row[0]): int(row[1]) for row in rows}
