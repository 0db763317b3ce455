"""Receipts of the receiving service, and letting go of guests' data as soon as the law does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import structlog

from terminal.destinations.terms import Action, Session
from terminal.errors import NotTaken
from terminal.inspections import follow_departures
from terminal.matters import reduce_record
from terminal.service_parts import ServiceParts
from terminal.store import Connection, DeliveryRow, DeliveryState, KeptKind

RECEIPTS_REACH_BACK = timedelta(days=30)
# Rows without a guest's data: that something was accepted, and when.
ROWS_KEPT = timedelta(days=35)
_PDF = b"%PDF-"


def keep_proofs(parts: ServiceParts, connection: Connection, proofs: Mapping[str, bytes]) -> None:
    """Keep receipts that came with an acceptance, by the service's own name of them; one of a booking is kept once.

    A proof that is no document to show, such as a signed answer, stays with its delivery alone.
    """
    terms, now = parts.desk.book.jurisdiction.profile.destination, parts.desk.clock.now()
    if terms is None or parts.destination.has_receipts:
        return
    for handle, data in proofs.items():
        if not data.startswith(_PDF):
            continue
        parts.kept.put(
            connection,
            KeptKind.RECEIPT,
            f"{parts.desk.book.find_today(now).isoformat()} {handle}",
            data,
            now=now,
            until=now + timedelta(days=terms.receipt_days),
            media_type="application/pdf",
        )


def fetch_receipts(parts: ServiceParts, session: Session) -> int:
    """Fetch and keep the receipts of past days. Return how many. Raises: as `Destination.fetch_receipt`, NotSaved."""
    if not parts.destination.has_receipts:
        return 0
    terms, fetched = parts.desk.book.jurisdiction.profile.destination, 0
    for day in _list_days_without(parts):
        receipt = parts.destination.fetch_receipt(day, session)
        if receipt is None:
            continue
        now = parts.desk.clock.now()
        with parts.desk.database.transaction() as connection:
            parts.kept.put(
                connection,
                KeptKind.RECEIPT,
                day.isoformat(),
                receipt.data,
                now=now,
                until=now + timedelta(days=terms.receipt_days if terms else 0),
                media_type=receipt.media_type,
            )
        fetched += 1
        structlog.get_logger().info("receipt kept", day=day.isoformat())
    return fetched


def let_go(parts: ServiceParts) -> int:
    """Let go of everything that the law lets go. Return how many stays changed or are gone. Raises: NotSaved."""
    now = parts.desk.clock.now()
    follow_departures(parts)
    parts.kept.delete_due(now)
    terms = parts.desk.book.jurisdiction.profile.destination
    reduced = _reduce_receipted(parts) if terms is not None and terms.is_deleted_at_receipt else 0
    gone = [*parts.desk.house.forget_departed(), *parts.desk.forget_overdue()]
    parts.queue.delete_old(now - ROWS_KEPT)
    return reduced + len(gone)


def list_receipt_days(parts: ServiceParts) -> set[date]:
    """Return the days whose receipt is kept."""
    return {read_receipt_day(entry.name) for entry in parts.kept.list_entries(KeptKind.RECEIPT)}


def read_receipt_day(name: str) -> date:
    """Return the day of a receipt by the name it is kept under: the day alone, or the day and the service's name."""
    return date.fromisoformat(name.partition(" ")[0])


def _reduce_receipted(parts: ServiceParts) -> int:
    receipted = list_receipt_days(parts)
    rows = _list_accepted(parts)
    return sum(
        _reduce(parts, row) for row in rows if not parts.destination.has_receipts or _find_day(parts, row) in receipted
    )


def _reduce(parts: ServiceParts, row: DeliveryRow) -> bool:
    try:
        if parts.desk.find_record(row.stay).is_reduced:
            return False
        parts.desk.change_quietly(
            row.stay, reduce_record, lambda connection: parts.queue.forget_content(connection, row.stay)
        )
    except NotTaken:
        return False  # gone, or closed: another time
    return True


def _list_days_without(parts: ServiceParts) -> list[date]:
    """Return the past days on which something was accepted and whose receipt is not here."""
    book, now = parts.desk.book, parts.desk.clock.now()
    first, today = book.find_today(now - RECEIPTS_REACH_BACK), book.find_today(now)
    days = {_find_day(parts, row) for row in parts.queue.list_rows(frozenset({DeliveryState.ACCEPTED}))}
    return sorted(day for day in days - list_receipt_days(parts) if day is not None and first <= day < today)


def _list_accepted(parts: ServiceParts) -> list[DeliveryRow]:
    rows = parts.queue.list_rows(frozenset({DeliveryState.ACCEPTED}))
    return [row for row in rows if row.action == Action.ARRIVAL]


def _find_day(parts: ServiceParts, row: DeliveryRow) -> date | None:
    """Return the local day of the delivery: receipts are of the day on which something was sent."""
    return None if row.settled_at is None else parts.desk.book.find_today(row.sent_at or row.settled_at)
