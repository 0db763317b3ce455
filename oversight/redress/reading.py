"""What the officer's pages show: the list, and one request."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

from oversight.redress.book import RequestBook
from oversight.redress.errors import NotReadable
from oversight.redress.states import ENDED, OPEN, State, Urgency, find_deadline, find_deletion, judge_urgency
from oversight.store.requests import RequestRow
from records.errors import MalformedBytes
from records.requests import GuestRequest
from records.stays import StayEvent, decode_event


@dataclass(frozen=True, slots=True)
class Listed:
    """A request as the list shows it: nothing of what the guest wrote."""

    row: RequestRow
    now: datetime

    @property
    def id(self) -> str:
        """The request's id, hexadecimal."""
        return self.row.id.hex()

    @property
    def received_at(self) -> datetime:
        """When it came, aware UTC."""
        return datetime.fromtimestamp(self.row.received_at, UTC)

    @property
    def deadline(self) -> datetime:
        """Until when it must be answered."""
        return find_deadline(self.row.received_at)

    @property
    def urgency(self) -> Urgency:
        """How near that is."""
        return judge_urgency(self.row.received_at, self.now)

    @property
    def days_left(self) -> int:
        """Whole days until the deadline, negative after it."""
        return math.floor((self.deadline - self.now).total_seconds() / 86_400)

    @property
    def ended_at(self) -> datetime | None:
        """When it was answered or closed."""
        return None if self.row.ended_at is None else datetime.fromtimestamp(self.row.ended_at, UTC)

    @property
    def deleted_on(self) -> datetime | None:
        """When it is deleted."""
        return None if self.row.ended_at is None else find_deletion(self.row.ended_at)

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.row.state in OPEN

    @property
    def is_ended(self) -> bool:
        """Whether it was answered or closed, and is not deleted."""
        return self.row.state in ENDED


@dataclass(frozen=True, slots=True)
class RequestList:
    """All requests that are held."""

    open: list[Listed]
    ended: list[Listed]

    def count(self, urgency: Urgency) -> int:
        """Return how many open ones are that urgent."""
        return sum(each.urgency is urgency for each in self.open)


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """One request, opened."""

    listed: Listed
    asked: GuestRequest | None = field(repr=False)  # None where it cannot be read
    record: StayEvent | None = field(repr=False)  # what the guest chose to send along
    has_bad_record: bool


def load_list(book: RequestBook, now: datetime) -> RequestList:
    """Return the list by deadline. `now` is aware."""
    return RequestList([Listed(row, now) for row in book.list_open()], [Listed(row, now) for row in book.list_ended()])


def load_request(book: RequestBook, request: bytes, now: datetime) -> ShownRequest | None:
    """Open one request; None where there is none, or it was deleted. Raises: RequestUnknown."""
    row = book.find(request)
    if row is None or row.state == State.DELETED:
        return None
    listed = Listed(row, now)
    try:
        asked = book.open(row)
    except NotReadable:
        return ShownRequest(listed, None, None, False)
    try:
        record = decode_event(asked.record.encode()) if asked.record else None
    except (MalformedBytes, ValueError):
        return ShownRequest(listed, asked, None, True)
    return ShownRequest(listed, asked, record, False)
