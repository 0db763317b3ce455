"""What the screen is shown of stays, queue and lock, put together from what the desk knows."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from records.receipt_text import write_receipt_text
from records.stays import EventKind, Guardian
from terminal.central_notices import CentralNotices
from terminal.codes import ProblemCode
from terminal.desk import Desk
from terminal.guest_book import is_minor
from terminal.service_desk import ServiceDesk
from terminal.service_showing import show_service
from terminal.state import (
    CounterState,
    Delivery,
    GuestInHouse,
    HouseLock,
    MachineState,
    PendingGuest,
    QueueState,
    ReaderState,
)
from terminal.store import HouseRecord, HouseRow, StayDelivery
from terminal.store.house import FORGET_AFTER, TOLD_FOR
from terminal.uploader import UploadStatus

# For so long one touch on the green screen takes a check-in back.
UNDO = timedelta(seconds=60)


class _Marks(TypedDict):
    is_typed: bool
    is_minor: bool
    guardian: Guardian | None


def can_undo(desk: Desk, row: HouseRow) -> bool:
    """Tell whether a check-in is less than a minute old."""
    return timedelta(0) <= desk.clock.now() - row.arrived_at <= UNDO


def show_counter(
    desk: Desk,
    status: UploadStatus,
    share_problem: ProblemCode | None,
    *,
    version: int,
    failure: str | None,
    reader: ReaderState,
    pending: tuple[PendingGuest, ...],
    machine: MachineState,
    service: ServiceDesk | None = None,
    notices: CentralNotices | None = None,
) -> CounterState:
    """Return everything the screen draws. Raises: NotSaved."""
    house = show_house(desk)
    rules, today = desk.find_typing_terms()
    return CounterState(
        version=version,
        venue=desk.book.venue.name,
        is_demonstration=desk.book.jurisdiction.is_demonstration,
        reader=reader,
        pending=pending,
        failure=failure,
        rooms=desk.book.rooms,
        house=tuple(shown for row, shown in house if row.departed_at is None),
        departed_waiting=tuple(shown for row, shown in house if row.departed_at is not None),
        queue=show_queue(desk, status),
        today=today,
        max_nights=desk.max_nights,
        lock=show_lock(desk, share_problem),
        typing=rules,
        machine=machine,
        service=None if service is None else show_service(service, status),
        notices=() if notices is None else notices.show(desk.list_house()),
    )


def show_house(desk: Desk) -> list[tuple[HouseRow, GuestInHouse]]:
    """Return every stay of the house store, with what is shown of it. Raises: NotSaved."""
    deliveries = desk.list_deliveries()
    return [(row, _show_stay(desk, row, record, deliveries.get(row.stay))) for row, record in desk.list_house()]


def show_queue(desk: Desk, status: UploadStatus) -> QueueState:
    """Return the outbox at a glance. Raises: NotSaved."""
    figures = desk.outbox.measure_queue()
    return QueueState(
        waiting=figures.waiting,
        oldest_s=figures.oldest_s,
        online=status.online,
        last_receipt_at=desk.outbox.find_last_receipt(),
        problem=status.problem,
        abandoned=desk.outbox.count_abandoned(),
        offline_since=status.offline_since,
    )


def show_lock(desk: Desk, problem: ProblemCode | None) -> HouseLock:
    """Return whether the names can be read, and if not, why. Raises: NotSaved."""
    key = desk.house.key
    has_before = key.has_before
    return HouseLock(
        is_locked=not key.is_open or has_before,
        problem=ProblemCode.MACHINE_CHANGED if has_before else problem,
        can_make_card=key.is_open and not key.is_stand_in and not has_before,
        card_made_at=key.find_card_day(),
    )


def _show_stay(desk: Desk, row: HouseRow, record: HouseRecord | None, delivery: StayDelivery | None) -> GuestInHouse:
    far = delivery or StayDelivery(Delivery.SAVED if row.check_out_waits else desk.dispatch.unlisted)
    is_cancelled = record is not None and bool(record.events) and record.events[-1].event is EventKind.CANCEL
    forget_on = None
    if row.told_at is not None:
        forget_on = max(row.planned_departure + FORGET_AFTER, desk.book.find_today(row.told_at + TOLD_FOR))
    return GuestInHouse(
        stay=row.stay,
        number=row.number,
        room=row.room,
        name=None if record is None else record.guest.names[0].text,
        arrived_at=row.arrived_at,
        planned_departure=row.planned_departure,
        delivery=far.delivery,
        acknowledgement=row.acknowledgement,
        refusal=far.refusal,
        latest_departure=desk.book.find_latest_departure(row.arrived_at),
        can_undo=row.departed_at is None and can_undo(desk, row),
        is_cancelled=is_cancelled,
        forget_on=forget_on,
        receipt=write_receipt_text(row.receipt.data) if row.receipt else "",
        received_at=row.receipt.received_at if row.receipt else None,
        **_show_marks(desk, record),
    )


def _show_marks(desk: Desk, record: HouseRecord | None) -> _Marks:
    if record is None:
        return {"is_typed": False, "is_minor": False, "guardian": None}
    guest = record.guest
    return {
        "is_typed": guest.document.typed is not None,
        "is_minor": not record.is_reduced and is_minor(guest.birth_date, desk.book.find_today(desk.clock.now())),
        "guardian": guest.guardian,
    }
