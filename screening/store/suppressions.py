"""Queries of suppressions: guests who are not the person a decision names, by a mark that says nothing by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select, update

from screening.store.schema import suppressions, version_leaves
from service.store import make_upsert


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """A suppression; proposed until an officer approves it."""

    id: int
    leaf: bytes
    mark: bytes = field(repr=False)
    approved: str


def propose_suppression(connection: Connection, leaf: bytes, mark: bytes) -> bool:
    """Add a proposal; False where there is one, or an approved one."""
    row = {"leaf": leaf, "mark": mark, "approved": ""}
    return connection.execute(make_upsert(connection, suppressions).values(row).on_conflict_do_nothing()).rowcount == 1


def list_suppressions(connection: Connection) -> list[SuppressionRow]:
    """Return all of them."""
    return [SuppressionRow(**row._mapping) for row in connection.execute(select(suppressions))]


def load_suppression(connection: Connection, number: int) -> SuppressionRow | None:
    """Return one of them."""
    row = connection.execute(select(suppressions).where(suppressions.c.id == number)).one_or_none()
    return None if row is None else SuppressionRow(**row._mapping)


def approve_suppression(connection: Connection, number: int, note: str) -> bool:
    """Write down who approved it; False where it was approved before."""
    open_one = (suppressions.c.id == number) & (suppressions.c.approved == "")
    return connection.execute(update(suppressions).where(open_one).values(approved=note)).rowcount == 1


def forget_suppressions_except(connection: Connection, numbers: Collection[int]) -> int:
    """Delete those of decisions that are in none of these lists. Return how many."""
    kept = select(version_leaves.c.leaf).where(version_leaves.c.number.in_(numbers))
    return connection.execute(delete(suppressions).where(suppressions.c.leaf.not_in(kept))).rowcount
