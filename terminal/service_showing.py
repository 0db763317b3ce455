"""What the screen is shown of the receiving service, put together from queue, house store and receipts."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from records.errors import CannotOpen
from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.inspections import show_receipt
from terminal.service_desk import ServiceDesk, list_closed
from terminal.service_parts import ServiceParts
from terminal.service_state import ServiceState, ShownDelivery
from terminal.store import DeliveryRow, DeliveryState, HouseRow, KeptKind
from terminal.uploader import UploadStatus

# A deadline is near so long before it; whoever has to act needs the time for a way to an office.
NEAR = timedelta(hours=3)
RENEWAL_NEAR = timedelta(days=14)
# More rows than a person reads; the counts are of all.
MAX_ROWS = 200
# The page of deliveries shows the newest receipts; all are on the page of what is kept.
RECENT = 7
_S = DeliveryState


def show_service(service: ServiceDesk, status: UploadStatus) -> ServiceState:
    """Return the receiving service at a glance. Raises: NotSaved."""
    parts = service.parts
    now = parts.desk.clock.now()
    rows = parts.queue.list_rows()
    house = {row.stay: row for row, _ in parts.desk.list_house()}
    counts = Counter(row.state for row in rows)
    due = [row.due_at for row in rows]
    closed = list_closed(parts)
    closed_due = [row.due_at for row in rows if row.stay in closed]
    terms = parts.desk.book.jurisdiction.profile.destination
    renew_by, has_credentials = _find_renewal(parts)
    return ServiceState(
        id=parts.destination.id,
        name=parts.destination.name,
        language="" if terms is None else terms.language,
        online=status.online,
        problem=status.problem or (None if has_credentials else ProblemCode.NO_CREDENTIALS),
        waiting=counts[_S.WAITING] + counts[_S.SENDING],
        refused=counts[_S.REFUSED],
        unverified=counts[_S.UNVERIFIED],
        pending=counts[_S.PENDING],
        late=sum(each < now for each in due),
        near=sum(now <= each < now + NEAR for each in due),
        next_due=min(due, default=None),
        closed=len(closed_due),
        closed_due=min(closed_due, default=None),
        can_query=parts.destination.can_query,
        rows=tuple(_show_row(parts, row, house.get(row.stay), now) for row in _order(rows)[:MAX_ROWS]),
        receipts=tuple(show_receipt(each) for each in parts.kept.list_entries(KeptKind.RECEIPT, RECENT)),
        credential_fields=parts.destination.credential_fields,
        has_credentials=has_credentials,
        renew_by=renew_by,
        is_renewal_near=renew_by is not None and renew_by - RENEWAL_NEAR <= parts.desk.book.find_today(now),
    )


def _order(rows: list[DeliveryRow]) -> list[DeliveryRow]:
    """Return what a person has to act on first, then by deadline."""
    ranks = {_S.REFUSED: 0, _S.UNVERIFIED: 0}
    return sorted(rows, key=lambda row: (ranks.get(row.state, 1), row.due_at, row.number))


def _show_row(parts: ServiceParts, row: DeliveryRow, house: HouseRow | None, now: datetime) -> ShownDelivery:
    name, words = None, ""
    try:
        record = parts.desk.find_record(row.stay)
    except NotTaken:
        record = None
    if record is not None:
        name = record.guest.names[0].text
        told = parts.open_told(row, record) if row.state is _S.REFUSED else None
        words = "" if told is None else told.words
    return ShownDelivery(
        reference=row.reference,
        stay=row.stay,
        number=None if house is None else house.number,
        room="" if house is None else house.room,
        name=name,
        action=row.action,
        state=row.state,
        due_at=row.due_at,
        is_late=row.due_at < now,
        is_near=now <= row.due_at < now + NEAR,
        is_closed=record is None,
        ready_at=row.ready_at if row.state is _S.WAITING and row.ready_at > now else None,
        sent_at=row.sent_at,
        code=row.code,
        about=row.about,
        words=words,
        can_put_right=row.state is _S.REFUSED and record is not None,
    )


def _find_renewal(parts: ServiceParts) -> tuple[date | None, bool]:
    try:
        credentials = parts.find_credentials()
    except CannotOpen:
        return None, True  # they are there, and cannot be read for now
    return (None, False) if credentials is None else (credentials.renew_by, True)
