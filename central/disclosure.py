"""Handing one venue's sealed records of some days over to a court.

Central sees a venue and days, never the number, and cannot open what it hands over.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from central.audit import COMMAND_LINE, CentralAct
from central.errors import OrderRefused
from central.kept import find_signer, unlock_living
from central.keys import count_days, name_day
from central.parts import Parts
from central.store import Connection
from central.store.kept import (
    HandOver,
    KeptRecord,
    add_hand_over,
    count_hand_overs,
    is_handed_over,
    list_hand_over_days,
    load_venue,
    lock_hand_overs,
)
from central.store.terminal_keys import load_all_keys
from records.errors import RecordsError
from records.notes import open_note
from records.orders import Order, load_order
from records.small_counts import hide_small, write_count


@dataclass(frozen=True, slots=True)
class _OrderLine:
    order: str  # the signed note


@dataclass(frozen=True, slots=True)
class _EnvelopeLine:
    envelope: bytes = field(repr=False)
    terminal_key: bytes  # Ed25519, as it was enrolled here


def hand_over(parts: Parts, order_note: str, now: datetime) -> bytes:
    """Return the sealed records of an order's venue and days as JSON lines: the order, then one envelope each.

    Beside each envelope stands the terminal's key, so that its signature can be checked by others too.
    The same order again is counted once, and answered from what is kept then. `now` is aware. The audit log has it
    before anything is read, and a refusal too.
    Raises: OrderRefused naming why: signature, form, jurisdiction, "ordered-on", "orders-per-day"; AuditUnavailable.
    """
    try:
        order, digest = _check_order(parts, order_note, now)
        parts.audit.write(COMMAND_LINE, CentralAct.HAND_OVER, digest.hex())
        return _collect(parts, order_note, order, digest, now)
    except OrderRefused as error:
        parts.audit.write(COMMAND_LINE, CentralAct.REFUSE_ORDER, error.field)
        raise


def count_by_month(parts: Parts) -> dict[str, str]:
    """Return how many orders were carried out in each month (YYYY-MM), counts under five as "<5"."""
    with parts.store.reading() as connection:
        days = list_hand_over_days(connection)
    months = Counter(name_day(day).strftime("%Y-%m") for day in days)
    return {month: write_count(hide_small(count)) for month, count in sorted(months.items())}


def _collect(parts: Parts, order_note: str, order: Order, digest: bytes, now: datetime) -> bytes:
    with parts.store.writing() as connection:
        records = _load_records(connection, order)
        unlocked = unlock_living(records, parts.period_keys, now)
        _count_order(connection, parts, order, digest, len(unlocked), now)
        keys = load_all_keys(connection, {each.terminal for each, _ in unlocked})
    signed = [(data, find_signer(keys, each.terminal, data)) for each, data in unlocked]
    lines = [_OrderLine(order_note), *(_EnvelopeLine(data, key.data if key else b"") for data, key in signed)]
    return msgspec.json.Encoder().encode_lines(lines)


def _check_order(parts: Parts, order_note: str, now: datetime) -> tuple[Order, bytes]:
    try:
        order = load_order(order_note, parts.root.order_key)
        # Of the signed text alone: another signature line added does not make another order.
        digest = hashlib.sha256(open_note(order_note, parts.root.order_key).encode()).digest()
    except RecordsError as error:
        raise OrderRefused(error.field or "signature") from None
    if order.jurisdiction != parts.root.jurisdiction:
        raise OrderRefused("jurisdiction")
    if order.ordered_on > now.astimezone(UTC).date():
        raise OrderRefused("ordered-on")
    return order, digest


def _load_records(connection: Connection, order: Order) -> list[KeptRecord]:
    return load_venue(
        connection, bytes.fromhex(order.venue), _begin_day(order.first_day), _begin_day(order.last_day + timedelta(1))
    )


def _begin_day(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _count_order(
    connection: Connection, parts: Parts, order: Order, digest: bytes, records: int, now: datetime
) -> None:
    lock_hand_overs(connection)
    if is_handed_over(connection, digest):
        return
    today = count_days(now.astimezone(UTC).date())
    if count_hand_overs(connection, today) >= parts.root.orders_per_day:
        raise OrderRefused("orders-per-day")
    days = count_days(order.first_day), count_days(order.last_day)
    add_hand_over(connection, HandOver(digest, today, order.order, bytes.fromhex(order.venue), *days, records))
