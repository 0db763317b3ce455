"""What one person proposed for an account and another one has to confirm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, or_, select

from central.store.base import Connection, make_upsert
from central.store.schema import place_tables

_PROPOSALS = place_tables.proposals


class ProposalKind(StrEnum):
    """What is proposed."""

    ROLE = "role"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal; `value` is a role, or an area's id in hexadecimal."""

    id: bytes
    account: str
    kind: str
    value: str
    proposed_by: str
    proposed_at: int


def insert_proposal(connection: Connection, proposal: Proposal) -> bool:
    """Add a proposal; False where the same one waits already."""
    values = {name: getattr(proposal, name) for name in Proposal.__slots__}
    statement = make_upsert(connection, _PROPOSALS).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(_PROPOSALS.c.id)).one_or_none() is not None


def list_proposals(connection: Connection, since: int) -> list[Proposal]:
    """Return the proposals made since a time, the oldest first."""
    query = select(_PROPOSALS).where(_PROPOSALS.c.proposed_at > since)
    return [Proposal(*row) for row in connection.execute(query.order_by(_PROPOSALS.c.proposed_at, _PROPOSALS.c.id))]


def load_proposal(connection: Connection, proposal: bytes) -> Proposal | None:
    """Return one proposal."""
    row = connection.execute(select(_PROPOSALS).where(_PROPOSALS.c.id == proposal)).first()
    return None if row is None else Proposal(*row)


def take_proposal(connection: Connection, proposal: bytes) -> Proposal | None:
    """Remove a proposal, and return it; only one of two who do so at once gets it."""
    row = connection.execute(delete(_PROPOSALS).where(_PROPOSALS.c.id == proposal).returning(*_PROPOSALS.c)).first()
    return None if row is None else Proposal(*row)


def drop_proposals(connection: Connection, account: str) -> None:
    """Remove what waits for an account, and what it proposed for others."""
    concerns = or_(_PROPOSALS.c.account == account, _PROPOSALS.c.proposed_by == account)
    connection.execute(delete(_PROPOSALS).where(concerns))


def drop_old_proposals(connection: Connection, until: int) -> None:
    """Remove what was proposed until a time."""
    connection.execute(delete(_PROPOSALS).where(_PROPOSALS.c.proposed_at <= until))
