"""Kept records: reading them for a guest or under an order, and deleting them on their day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, text

from central.store.base import Connection, make_upsert
from central.store.schema import envelopes, hand_overs, records, replaced, tombstones


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as it lies in the database."""

    terminal: bytes
    record: bytes
    digest: bytes
    received_at: int
    expiry_day: int
    locked: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OverdueRecord:
    """A record that should be gone, as it lies in a database."""

    terminal: bytes
    record: bytes
    digest: bytes
    expiry_day: int
    locked: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandOver:
    """One order that was carried out."""

    order_digest: bytes
    day: int
    order_number: str
    venue: bytes
    first_day: int
    last_day: int
    records: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many rows the keeper deleted, and how many tombstones it wrote."""

    records: int
    envelopes: int
    tombstones: int


def load_stay(connection: Connection, stay_tag: bytes) -> list[KeptRecord]:
    """Return the records of a stay that have rows, in the order in which they were captured."""
    return _load_records(connection, records.c.stay_tag == stay_tag)


def load_venue(connection: Connection, venue: bytes, captured_from: int, captured_before: int) -> list[KeptRecord]:
    """Return a venue's records captured from one time (inclusive) to another (exclusive)."""
    return _load_records(
        connection,
        (records.c.venue == venue)
        & (records.c.captured_at >= captured_from)
        & (records.c.captured_at < captured_before),
    )


def list_overdue(connection: Connection, today: int) -> Iterator[OverdueRecord]:
    """Return the records whose day has come and that are still there, a few at a time."""
    wanted = [records.c[name] for name in OverdueRecord.__slots__]
    query = select(*wanted).where(records.c.expiry_day <= today)
    for row in connection.execute(query, execution_options={"yield_per": 500}):
        yield OverdueRecord(*row)


def _load_records(connection: Connection, condition: ColumnElement[bool]) -> list[KeptRecord]:
    query = (
        select(*(records.c[name] for name in KeptRecord.__slots__))
        .where(condition)
        .order_by(records.c.captured_at, records.c.generation, records.c.sequence, records.c.terminal)
    )
    return [KeptRecord(*row) for row in connection.execute(query)]


def load_tombstone(connection: Connection, stay_tag: bytes) -> int | None:
    """Return the day on which the last record of a stay was deleted."""
    return connection.execute(
        select(tombstones.c.deleted_on).where(tombstones.c.stay_tag == stay_tag)
    ).scalar_one_or_none()


def delete_expired(connection: Connection, today: int, tombstone_days: int) -> Deleted:
    """Delete the rows whose expiry day has begun, and leave a tombstone for stays of which nothing is left."""
    living = select(records.c.stay_tag).where(records.c.expiry_day > today)
    ended = (
        select(records.c.stay_tag, literal(today))
        .where(records.c.expiry_day <= today, records.c.stay_tag.not_in(living))
        .distinct()
    )
    statement = make_upsert(connection, tombstones).from_select(["stay_tag", "deleted_on"], ended)
    written = connection.execute(
        statement.on_conflict_do_update(index_elements=["stay_tag"], set_={"deleted_on": today}),
        execution_options={"preserve_rowcount": True},
    ).rowcount
    expired = connection.execute(delete(records).where(records.c.expiry_day <= today)).rowcount
    receipts = connection.execute(delete(envelopes).where(envelopes.c.expiry_day <= today)).rowcount
    connection.execute(delete(replaced).where(replaced.c.expiry_day <= today))
    connection.execute(delete(tombstones).where(tombstones.c.deleted_on < today - tombstone_days))
    return Deleted(expired, receipts, written)


def lock_hand_overs(connection: Connection) -> None:
    """Let nobody else count or add hand-overs until this transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE hand_overs IN SHARE ROW EXCLUSIVE MODE"))


def is_handed_over(connection: Connection, order_digest: bytes) -> bool:
    """Tell whether an order was carried out before."""
    query = select(hand_overs.c.day).where(hand_overs.c.order_digest == order_digest)
    return connection.execute(query).first() is not None


def count_hand_overs(connection: Connection, day: int) -> int:
    """Return how many orders were carried out on a day."""
    query = select(func.count()).select_from(hand_overs).where(hand_overs.c.day == day)
    return connection.execute(query).scalar_one()


def add_hand_over(connection: Connection, done: HandOver) -> None:
    """Write down that an order was carried out."""
    connection.execute(
        insert(hand_overs).values(
            order_digest=done.order_digest,
            day=done.day,
            order_number=done.order_number,
            venue=done.venue,
            first_day=done.first_day,
            last_day=done.last_day,
            records=done.records,
        )
    )


def list_hand_over_days(connection: Connection) -> Sequence[int]:
    """Return the day of every order carried out."""
    return connection.execute(select(hand_overs.c.day).order_by(hand_overs.c.day)).scalars().all()
