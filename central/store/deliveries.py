"""What accepting a delivery reads and writes: numbers taken, records kept, records replaced."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Table, and_, bindparam, delete, insert, or_, select, tuple_
from sqlalchemy.dialects.sqlite import insert as upsert

from central.store.base import Connection
from central.store.schema import counts, envelopes, records, replaced, runs, security_events
from records.envelope import MAX_SEQUENCE


class Number(NamedTuple):
    """The number of an envelope: unique for good."""

    terminal: bytes
    generation: int
    sequence: int


class Generation(NamedTuple):
    """One generation of a terminal's numbers."""

    terminal: bytes
    generation: int


class RecordKey(NamedTuple):
    """A record id, which is unique for its terminal only."""

    terminal: bytes
    record: bytes


class ReplacedKey(NamedTuple):
    """A record that a correction named, and the stay of the correction."""

    terminal: bytes
    record: bytes
    stay_tag: bytes


class Run(NamedTuple):
    """Numbers `first` to `last` of a generation, none missing."""

    first: int
    last: int


class Answered(NamedTuple):
    """What an earlier envelope of a number was, and its receipt."""

    digest: bytes
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Changes:
    """The rows that one delivery adds and removes. Each dictionary is a row."""

    envelopes: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[dict[str, Any]] = field(default_factory=list)
    security_events: list[dict[str, Any]] = field(default_factory=list)


# Statements are made once: making them costs as much as running them.
_ANSWERS = select(
    envelopes.c.terminal, envelopes.c.generation, envelopes.c.sequence, envelopes.c.digest, envelopes.c.receipt
).where(
    tuple_(envelopes.c.terminal, envelopes.c.generation, envelopes.c.sequence).in_(bindparam("numbers", expanding=True))
)
_RUNS = select(runs.c.first, runs.c.last).where(
    runs.c.terminal == bindparam("of_terminal"), runs.c.generation == bindparam("of_generation"),
    or_(runs.c.first == 1, and_(runs.c.first <= bindparam("highest"), runs.c.last >= bindparam("lowest"))),
)  # fmt: skip
_PART_DIGESTS = select(records.c.terminal, records.c.record, records.c.part_digest).where(
    tuple_(records.c.terminal, records.c.record).in_(bindparam("keys", expanding=True))
)
_REPLACED = select(replaced.c.terminal, replaced.c.record, replaced.c.stay_tag).where(
    tuple_(replaced.c.terminal, replaced.c.record).in_(bindparam("keys", expanding=True))
)
_END_RUN = delete(runs).where(
    runs.c.terminal == bindparam("of_terminal"), runs.c.generation == bindparam("of_generation"),
    runs.c.first == bindparam("of_first"),
)  # fmt: skip
# Of the same stay only: nobody can delete another stay's record by naming it.
_DELETE_REPLACED = delete(records).where(
    records.c.terminal == bindparam("of_terminal"), records.c.record == bindparam("of_record"),
    records.c.stay_tag == bindparam("of_stay"),
)  # fmt: skip


def load_answers(connection: Connection, numbers: Collection[Number]) -> dict[Number, Answered]:
    """Return what was accepted under these numbers and has not expired."""
    rows = connection.execute(_ANSWERS, {"numbers": numbers})
    return {Number(*row[:3]): Answered(*row[3:]) for row in rows}


def load_runs(connection: Connection, numbers: Iterable[Number]) -> dict[Generation, list[Run]]:
    """Return, for each generation, its first run and every run that holds or touches one of these numbers."""
    sequences: dict[Generation, list[int]] = {}
    for number in numbers:
        sequences.setdefault(Generation(number.terminal, number.generation), []).append(number.sequence)
    return {generation: _load_runs(connection, generation, wanted) for generation, wanted in sequences.items()}


def _load_runs(connection: Connection, generation: Generation, wanted: list[int]) -> list[Run]:
    near = {"highest": min(max(wanted), MAX_SEQUENCE - 1) + 1, "lowest": min(wanted) - 1}
    return [Run(*row) for row in connection.execute(_RUNS, {**_name_generation(generation), **near})]


def load_part_digests(connection: Connection, keys: Collection[RecordKey]) -> dict[RecordKey, bytes]:
    """Return the part digests of the records that are kept under these ids."""
    return {RecordKey(*row[:2]): row[2] for row in connection.execute(_PART_DIGESTS, {"keys": keys})}


def load_replaced(connection: Connection, keys: Collection[RecordKey]) -> set[ReplacedKey]:
    """Return the corrections that name one of these records."""
    return {ReplacedKey(*row) for row in connection.execute(_REPLACED, {"keys": keys})}


def write_changes(connection: Connection, changes: Changes) -> None:
    """Write the rows of a delivery, then delete the records that it replaces, its own among them."""
    _insert(connection, envelopes, changes.envelopes)
    _insert(connection, records, changes.records)
    _insert(connection, security_events, changes.security_events)
    if changes.replaced:
        connection.execute(upsert(replaced).on_conflict_do_nothing(), changes.replaced)
        names = [
            {"of_terminal": row["terminal"], "of_record": row["record"], "of_stay": row["stay_tag"]}
            for row in changes.replaced
        ]
        connection.execute(_DELETE_REPLACED, names)


def write_runs(connection: Connection, generation: Generation, before: Iterable[Run], after: Iterable[Run]) -> None:
    """Replace the runs of a generation that have changed."""
    old, new = set(before), set(after)
    if ended := [{**_name_generation(generation), "of_first": run.first} for run in old - new]:
        connection.execute(_END_RUN, ended)
    _insert(connection, runs, [{**generation._asdict(), **run._asdict()} for run in sorted(new - old)])


def add_counts(connection: Connection, day: int, added: dict[str, int]) -> None:
    """Add to the counters of a day."""
    rows = [{"day": day, "name": name, "count": count} for name, count in added.items()]
    if rows:
        statement = upsert(counts)
        total = {"count": counts.c.count + statement.excluded.count}
        connection.execute(statement.on_conflict_do_update(index_elements=["day", "name"], set_=total), rows)


def load_latest_day(connection: Connection, name: str) -> int | None:
    """Return the latest day on which something was counted under a name."""
    query = select(counts.c.day).where(counts.c.name == name).order_by(counts.c.day.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _name_generation(generation: Generation) -> dict[str, Any]:
    return {"of_terminal": generation.terminal, "of_generation": generation.generation}
