"""Queries of lists, decisions and why decisions are over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, delete, func, select, update

from screening.store.handles import DECISIONS_DELETED, add_counts
from screening.store.schema import decisions, endings, outcomes, suppressions, version_leaves, versions
from service.store import make_upsert

_SOME = 500


@dataclass(frozen=True, slots=True)
class VersionRow:
    """An imported list."""

    number: int
    root: bytes
    list_note: str
    imported: str
    activated: str = ""
    activated_day: int = 0


def insert_version(connection: Connection, row: VersionRow, leaves: Collection[bytes]) -> None:
    """Add a list and the digests of all its decisions."""
    values = {name: getattr(row, name) for name in VersionRow.__slots__}
    connection.execute(versions.insert().values(values))
    if leaves:
        connection.execute(version_leaves.insert(), [{"number": row.number, "leaf": leaf} for leaf in leaves])


def add_notes(connection: Connection, notes: Mapping[bytes, str]) -> None:
    """Keep the notes of decisions, by leaf."""
    rows = [{"leaf": leaf, "note": note} for leaf, note in notes.items()]
    connection.execute(make_upsert(connection, decisions).on_conflict_do_nothing(), rows)


def replace_version(connection: Connection, row: VersionRow) -> None:
    """Import a list once more, which then is not activated; its digests are there already."""
    values = {"list_note": row.list_note, "imported": row.imported, "activated": "", "activated_day": 0}
    connection.execute(update(versions).where(versions.c.number == row.number).values(values))


def load_version(connection: Connection, number: int) -> VersionRow | None:
    """Return an imported list."""
    row = connection.execute(select(versions).where(versions.c.number == number)).one_or_none()
    return None if row is None else VersionRow(**row._mapping)


def list_versions(connection: Connection) -> list[VersionRow]:
    """Return the imported lists, the newest first."""
    rows = connection.execute(select(versions).order_by(versions.c.number.desc()))
    return [VersionRow(**row._mapping) for row in rows]


def activate_version(connection: Connection, number: int, note: str, day: int) -> None:
    """Write down that a list was activated, by whom and when."""
    values = {"activated": note, "activated_day": day}
    connection.execute(update(versions).where(versions.c.number == number).values(values))


def load_leaves(connection: Connection, number: int) -> list[bytes]:
    """Return the digests of a list's decisions."""
    return list(connection.scalars(select(version_leaves.c.leaf).where(version_leaves.c.number == number)))


def load_notes(connection: Connection, number: int) -> dict[bytes, str]:
    """Return the decisions of a list that are kept and not over, by leaf."""
    query = (
        select(decisions.c.leaf, decisions.c.note)
        .join(version_leaves, version_leaves.c.leaf == decisions.c.leaf)
        .where(version_leaves.c.number == number, decisions.c.leaf.not_in(select(endings.c.leaf)))
    )
    return {row.leaf: row.note for row in connection.execute(query)}


def load_kept_leaves(connection: Connection) -> set[bytes]:
    """Return the leaves of all decisions whose notes are kept."""
    return set(connection.scalars(select(decisions.c.leaf)))


def load_some_notes(connection: Connection, leaves: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    """Yield leaf and note of those of these decisions that are kept, some hundred at a time."""
    wanted = iter(leaves)
    while some := list(islice(wanted, _SOME)):
        query = select(decisions.c.leaf, decisions.c.note).where(decisions.c.leaf.in_(some))
        yield from ((row.leaf, row.note) for row in connection.execute(query).all())


def load_decision_note(connection: Connection, leaf: bytes) -> str | None:
    """Return one decision that is kept."""
    return connection.scalar(select(decisions.c.note).where(decisions.c.leaf == leaf))


def count_kept(connection: Connection, number: int) -> int:
    """Return how many decisions of a list are kept and not over."""
    query = (
        select(func.count())
        .select_from(version_leaves.join(decisions, version_leaves.c.leaf == decisions.c.leaf))
        .where(version_leaves.c.number == number, decisions.c.leaf.not_in(select(endings.c.leaf)))
    )
    return connection.scalar(query) or 0


def forget_notes_except(connection: Connection, numbers: Collection[int]) -> int:
    """Delete the notes of decisions that are in none of these lists; their digests stay. Return how many."""
    kept = select(version_leaves.c.leaf).where(version_leaves.c.number.in_(numbers))
    return connection.execute(delete(decisions).where(decisions.c.leaf.not_in(kept))).rowcount


def end_decision(connection: Connection, leaf: bytes, reason: str, note: str = "", *, day: int) -> bool:
    """Write down that a decision is over and forget it, with its suppressions and outcomes; False where it was over.

    What is forgotten is counted on `day` (since 1970).
    """
    row = {"leaf": leaf, "reason": reason, "note": note}
    added = connection.execute(make_upsert(connection, endings).values(row).on_conflict_do_nothing()).rowcount == 1
    connection.execute(delete(suppressions).where(suppressions.c.leaf == leaf))
    connection.execute(delete(outcomes).where(outcomes.c.leaf == leaf))
    forgotten = connection.execute(delete(decisions).where(decisions.c.leaf == leaf)).rowcount
    add_counts(connection, day, {DECISIONS_DELETED: forgotten})
    return added


def change_ending_note(connection: Connection, leaf: bytes, note: str) -> None:
    """Keep another note with the ending of a decision."""
    connection.execute(update(endings).where(endings.c.leaf == leaf).values(note=note))


def load_ending(connection: Connection, leaf: bytes) -> tuple[str, str] | None:
    """Return why a decision is over and the court's note, if it was that; None for one that is not over."""
    row = connection.execute(select(endings.c.reason, endings.c.note).where(endings.c.leaf == leaf)).one_or_none()
    return None if row is None else (row.reason, row.note)


def list_ended(connection: Connection) -> set[bytes]:
    """Return the leaves of all decisions that are over."""
    return set(connection.scalars(select(endings.c.leaf)))


def load_endings(connection: Connection) -> dict[bytes, str]:
    """Return why decisions are over, by leaf."""
    return {row.leaf: row.reason for row in connection.execute(select(endings.c.leaf, endings.c.reason))}


def forget_ending(connection: Connection, leaf: bytes) -> None:
    """Take an ending back that another court than the decision's wrote."""
    connection.execute(delete(endings).where(endings.c.leaf == leaf))


def add_outcome(connection: Connection, alert: bytes, leaf: bytes, outcome: str) -> bool:
    """Write an alert's outcome down once; False where it has one."""
    row = {"alert": alert, "leaf": leaf, "outcome": outcome}
    return connection.execute(make_upsert(connection, outcomes).values(row).on_conflict_do_nothing()).rowcount == 1


def count_outcomes(connection: Connection, leaf: bytes, outcome: str) -> int:
    """Return how often a decision's alerts ended so."""
    chosen = (outcomes.c.leaf == leaf) & (outcomes.c.outcome == outcome)
    return connection.scalar(select(func.count()).select_from(outcomes).where(chosen)) or 0
