"""What accepting a delivery reads and writes: numbers taken, records kept, records replaced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, and_, bindparam, delete, func, select

from central.store.base import Connection, make_upsert
from central.store.rows import insert_rows, select_among
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


class KeptPart(NamedTuple):
    """Which part is kept under a record id, and of which stay."""

    digest: bytes
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
    """The rows that some deliveries add and remove. Each dictionary is a row."""

    envelopes: list[dict[str, Any]] = field(default_factory=list)
    records: dict[RecordKey, dict[str, Any]] = field(default_factory=dict)
    replaced: list[dict[str, Any]] = field(default_factory=list)
    security_events: list[dict[str, Any]] = field(default_factory=list)


_NUMBER = envelopes.c.terminal, envelopes.c.generation, envelopes.c.sequence
_RUN_START = runs.c.terminal, runs.c.generation, runs.c.first
_RECORD = records.c.terminal, records.c.record
_REPLACED = replaced.c.terminal, replaced.c.record
# Statements are made once: making them costs as much as running them.
# From the last run that begins before the numbers, never from the first on: a terminal may leave a million gaps.
_ITS_RUNS = and_(runs.c.terminal == bindparam("of_terminal"), runs.c.generation == bindparam("of_generation"))
_LOWEST = bindparam("lowest", type_=BigInteger)
_LAST_BEFORE = select(func.max(runs.c.first)).where(_ITS_RUNS, runs.c.first < _LOWEST).scalar_subquery()
_NEAR_RUNS = select(runs.c.first, runs.c.last).where(
    _ITS_RUNS, runs.c.first >= func.coalesce(_LAST_BEFORE, _LOWEST), runs.c.first <= bindparam("highest")
)
_END_RUN = delete(runs).where(_ITS_RUNS, runs.c.first == bindparam("of_first"))
# Of the same stay only: nobody can delete another stay's record by naming it.
_DELETE_REPLACED = delete(records).where(
    records.c.terminal == bindparam("of_terminal"), records.c.record == bindparam("of_record"),
    records.c.stay_tag == bindparam("of_stay"),
)  # fmt: skip


def load_answers(connection: Connection, numbers: Collection[Number]) -> dict[Number, Answered]:
    """Return what was accepted under these numbers and has not expired."""
    rows = select_among(connection, (*_NUMBER, envelopes.c.digest, envelopes.c.receipt), _NUMBER, numbers)
    return {Number(row.terminal, row.generation, row.sequence): Answered(row.digest, row.receipt) for row in rows}


def load_runs(connection: Connection, numbers: Iterable[Number]) -> dict[Generation, list[Run]]:
    """Return, for each generation, its first run and every run that holds or touches one of these numbers.

    One query for all that go on where their first run ends, as nearly all do; for each of the others one for every
    stretch of its numbers.
    """
    wanted: dict[Generation, set[int]] = {}
    for number in numbers:
        wanted.setdefault(Generation(number.terminal, number.generation), set()).add(number.sequence)
    # The first run, and those that begin right behind a number: when no gap is left, these are all.
    starts = [
        (*each, start)
        for each, sequences in wanted.items()
        for start in {1, *(number + 1 for number in sequences if number < MAX_SEQUENCE)}
    ]
    found: dict[Generation, list[Run]] = {each: [] for each in wanted}
    for row in select_among(connection, (*_RUN_START, runs.c.last), _RUN_START, starts):
        found[Generation(row.terminal, row.generation)].append(Run(row.first, row.last))
    for generation, sequences in wanted.items():
        if not _goes_on(found[generation], sequences):
            found[generation] = _load_near_runs(connection, generation, found[generation], sequences)
    return found


def _goes_on(found: list[Run], wanted: Collection[int]) -> bool:
    """Tell whether the wanted numbers lie within the first run or continue it without a gap."""
    by_start = {run.first: run.last for run in found}
    last = by_start.get(1, 0)
    for number in sorted(wanted):
        if number > last + 1:
            return False
        last = max(last, by_start.get(number + 1, number))
    return True


def _load_near_runs(
    connection: Connection, generation: Generation, known: Iterable[Run], wanted: Collection[int]
) -> list[Run]:
    """Return the first run, which is among `known`, and every run that holds or touches a wanted number."""
    found = {run for run in known if run.first == 1}
    for lowest, highest in _list_stretches(wanted):
        near = {"lowest": lowest, "highest": min(highest, MAX_SEQUENCE - 1) + 1}
        found |= {Run(*row) for row in connection.execute(_NEAR_RUNS, {**_name_generation(generation), **near})}
    return sorted(found)


def _list_stretches(numbers: Collection[int]) -> list[tuple[int, int]]:
    """Return the lowest and the highest of each row of numbers without a gap."""
    stretches: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if stretches and number == stretches[-1][1] + 1:
            stretches[-1] = stretches[-1][0], number
        else:
            stretches.append((number, number))
    return stretches


def load_parts(connection: Connection, keys: Collection[RecordKey]) -> dict[RecordKey, KeptPart]:
    """Return what is kept under these record ids."""
    rows = select_among(connection, (*_RECORD, records.c.part_digest, records.c.stay_tag), _RECORD, keys)
    return {RecordKey(row.terminal, row.record): KeptPart(row.part_digest, row.stay_tag) for row in rows}


def load_replaced(connection: Connection, keys: Collection[RecordKey]) -> set[ReplacedKey]:
    """Return the corrections that name one of these records."""
    rows = select_among(connection, (*_REPLACED, replaced.c.stay_tag), _REPLACED, keys)
    return {ReplacedKey(row.terminal, row.record, row.stay_tag) for row in rows}


def write_changes(connection: Connection, changes: Changes) -> None:
    """Write the rows of some deliveries, and delete the records that they replace.

    `changes.records` holds nothing that is replaced in them, so what is replaced goes first.
    """
    if changes.replaced:
        connection.execute(make_upsert(connection, replaced).on_conflict_do_nothing(), changes.replaced)
        names = [
            {"of_terminal": row["terminal"], "of_record": row["record"], "of_stay": row["stay_tag"]}
            for row in changes.replaced
        ]
        connection.execute(_DELETE_REPLACED, names)
    insert_rows(connection, envelopes, changes.envelopes)
    insert_rows(connection, records, list(changes.records.values()))
    insert_rows(connection, security_events, changes.security_events)


def write_runs(
    connection: Connection, before: Mapping[Generation, Iterable[Run]], after: Mapping[Generation, Iterable[Run]]
) -> None:
    """Replace the runs that have changed."""
    ended, grown = [], []
    for generation, runs_after in after.items():
        old, new = set(before.get(generation, ())), set(runs_after)
        starts = {run.first for run in new}
        ended += [{**_name_generation(generation), "of_first": run.first} for run in old if run.first not in starts]
        grown += [{**generation._asdict(), **run._asdict()} for run in sorted(new - old)]
    if ended:
        connection.execute(_END_RUN, ended)
    insert_rows(connection, runs, grown, update="last")


def add_counts(connection: Connection, day: int, added: dict[str, int]) -> None:
    """Add to the counters of a day."""
    # Always in the same order, so that two processes never wait for each other.
    rows = [{"day": day, "name": name, "count": count} for name, count in sorted(added.items())]
    if rows:
        statement = make_upsert(connection, counts)
        total = {"count": counts.c.count + statement.excluded.count}
        connection.execute(statement.on_conflict_do_update(index_elements=["day", "name"], set_=total), rows)


def load_latest_day(connection: Connection, name: str) -> int | None:
    """Return the latest day on which something was counted under a name."""
    query = select(counts.c.day).where(counts.c.name == name).order_by(counts.c.day.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def _name_generation(generation: Generation) -> dict[str, Any]:
    return {"of_terminal": generation.terminal, "of_generation": generation.generation}
