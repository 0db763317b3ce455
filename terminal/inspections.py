"""What is kept for inspections: receipts of the service, and what was told of each guest where the law has it kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import msgspec
import structlog

from records.errors import CannotOpen
from records.stays import AwareTime, Stay
from terminal.codes import ProblemCode
from terminal.desk import Desk
from terminal.errors import NotTaken
from terminal.service_parts import ServiceParts
from terminal.service_state import KeptDay, KeptRegistration, ShownReceipt
from terminal.store import Connection, KeptKind
from terminal.store.kept import KeptEntry

# What is younger is needed at the counter; of earlier guests nobody reads in passing.
OPEN_FOR = timedelta(days=7)
# So long the recovery card keeps the rest open.
LOOK_S = 600.0


class KeptLook:
    """Whether what is kept of earlier guests may be looked at: after the recovery card was typed, for a while."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._until_s = desk, 0.0

    def open(self, code: bytes) -> None:
        """Let it be looked at. Raises: NotTaken(CARD_REFUSED)."""
        with self._desk.hold():
            if self._desk.house.key.has_before or not self._desk.house.key.open_with_card(code):
                raise NotTaken(ProblemCode.CARD_REFUSED)
        self._until_s = self._desk.clock.boottime_s() + LOOK_S
        structlog.get_logger().warning("kept registrations opened with the card")

    def is_open(self, day: date) -> bool:
        """Tell whether what is kept of a day may be looked at now."""
        first = self._desk.book.find_today(self._desk.clock.now() - OPEN_FOR)
        return day >= first or self._desk.clock.boottime_s() < self._until_s

    def require(self, day: date) -> None:
        """Raise NotTaken(KEPT_CLOSED) unless what is kept of a day may be looked at now."""
        if not self.is_open(day):
            raise NotTaken(ProblemCode.KEPT_CLOSED)


class Registered(msgspec.Struct, frozen=True):
    """What is kept of a message that was accepted: its bytes, and what the service called it."""

    data: bytes
    acknowledgement: str
    accepted_at: AwareTime


def keep_registrations(
    parts: ServiceParts, connection: Connection, told: Mapping[str, tuple[Registered, Stay]]
) -> None:
    """Keep what was accepted, sealed, where the law has the house keep it; in the transaction that settles it."""
    profile, now = parts.desk.book.jurisdiction.profile, parts.desk.clock.now()
    if profile.destination is None or profile.destination.is_deleted_at_receipt:
        return
    for reference, (registered, stay) in told.items():
        data, until = msgspec.json.encode(registered), find_end(parts.desk, stay)
        parts.kept.put(connection, KeptKind.REGISTRATION, reference, data, now=now, until=until)


def find_end(desk: Desk, stay: Stay) -> datetime:
    """Return until when what was told of a stay is kept: the law counts from the end of the stay."""
    leaves = datetime.combine(stay.planned_departure, time(), desk.book.zone).astimezone() + timedelta(days=1)
    return (stay.departed_at or leaves) + timedelta(days=desk.book.jurisdiction.profile.retention_days)


def follow_departures(parts: ServiceParts) -> None:
    """Let what is kept end as the stays do: they are extended, and guests leave early. Raises: NotSaved."""
    terms = parts.desk.book.jurisdiction.profile.destination
    if terms is None or terms.is_deleted_at_receipt:
        return
    for row, record in parts.desk.list_house():
        if record is not None:
            parts.kept.follow(row.stay, find_end(parts.desk, record.stay))


def list_kept(parts: ServiceParts) -> tuple[KeptDay, ...]:
    """Return the local days of which something is kept, newest first; nothing is opened."""
    receipts: dict[date, list[ShownReceipt]] = {}
    for each in parts.kept.list_entries(KeptKind.RECEIPT):
        shown = show_receipt(each)
        receipts.setdefault(shown.day, []).append(shown)
    told: dict[date, list[KeptEntry]] = {}
    for each in parts.kept.list_entries(KeptKind.REGISTRATION):
        told.setdefault(parts.desk.book.find_today(each.kept_at), []).append(each)
    days = []
    for day in sorted(receipts.keys() | told.keys(), reverse=True):
        files, rows = tuple(receipts.get(day, ())), told.get(day, [])
        ends = [*(each.until for each in files), *(each.until for each in rows)]
        days.append(KeptDay(day, files, len(rows), max((end for end in ends if end is not None), default=None)))
    return tuple(days)


def list_registrations(parts: ServiceParts, day: date) -> tuple[KeptRegistration, ...]:
    """Return what was told on a local day, oldest first. Raises: NotTaken(HOUSE_LOCKED)."""
    entries = parts.kept.list_entries(KeptKind.REGISTRATION)
    of_day = [each for each in entries if parts.desk.book.find_today(each.kept_at) == day]
    return tuple(_open(parts, each) for each in reversed(of_day))


def show_receipt(entry: KeptEntry) -> ShownReceipt:
    """Return what is shown of a receipt; its name is its day, and the service's own name of it where it has one."""
    day, _, mark = entry.name.partition(" ")
    return ShownReceipt(date.fromisoformat(day), entry.kept_at, entry.until, mark)


def _open(parts: ServiceParts, entry: KeptEntry) -> KeptRegistration:
    try:
        data = parts.kept.get(KeptKind.REGISTRATION, entry.name)
    except CannotOpen:
        raise NotTaken(ProblemCode.HOUSE_LOCKED) from None
    if data is None:
        raise NotTaken(ProblemCode.NO_SUCH_DELIVERY)  # its time has come meanwhile
    found = msgspec.json.decode(data, type=Registered)
    told = parts.destination.describe(found.data)
    return KeptRegistration(entry.name, told, found.acknowledgement, found.accepted_at, entry.until)
