"""The disclosure keys that accepted root files have named, this one's and earlier ones'."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select, tuple_

from central.store.base import Connection, make_upsert
from central.store.schema import named_keys

KeyPair = tuple[bytes, bytes]  # key ids: the court's, oversight's

_NAMED = select(named_keys.c.court_key, named_keys.c.oversight_key).where(
    named_keys.c.jurisdiction == bindparam("of_jurisdiction"),
    tuple_(named_keys.c.court_key, named_keys.c.oversight_key).in_(bindparam("pairs", expanding=True)),
)


def add_named_keys(connection: Connection, jurisdiction: str, pairs: Collection[KeyPair], named_at: int) -> None:
    """Remember that an accepted root file names these pairs. Those that are known stay as they are."""
    rows = [
        {"jurisdiction": jurisdiction, "court_key": court, "oversight_key": oversight, "named_at": named_at}
        for court, oversight in sorted(pairs)
    ]
    connection.execute(make_upsert(connection, named_keys).on_conflict_do_nothing(), rows)


def load_named_keys(connection: Connection, jurisdiction: str, pairs: Collection[KeyPair]) -> set[KeyPair]:
    """Return which of these pairs an accepted root file of the jurisdiction has ever named."""
    rows = connection.execute(_NAMED, {"of_jurisdiction": jurisdiction, "pairs": sorted(pairs)})
    return {(row.court_key, row.oversight_key) for row in rows}
