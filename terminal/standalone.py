"""What the desk commits where a receiving service is told in place of central: rows of the delivery queue."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from records.errors import InvalidStay
from records.profile import Profile
from records.slip import derive_stay_tag
from records.stays import EventKind
from terminal.clock import Clock
from terminal.codes import ProblemCode
from terminal.destinations.terms import Action, Destination
from terminal.dispatch import Prepared
from terminal.errors import NotTaken
from terminal.guest_book import GuestBook, is_minor
from terminal.state import Delivery
from terminal.store import Change, Connection, DeliveryQueue, DeliveryRow, DeliveryState, HouseRecord, StayDelivery
from terminal.store.deliveries import OPEN, SETTLED, read_rows

EVENT_BYTES = 16
# A departure whose law names no hours is still not left lying.
USUAL_DEPARTURE_H = 24
_UNSENT = frozenset({DeliveryState.WAITING, DeliveryState.REFUSED})
# The gravest first: what a person has to look at wins.
_SHOWN = (
    (DeliveryState.UNVERIFIED, Delivery.UNVERIFIED),
    (DeliveryState.REFUSED, Delivery.REFUSED),
    (DeliveryState.WAITING, Delivery.SAVED),
    (DeliveryState.SENDING, Delivery.SAVED),
    (DeliveryState.PENDING, Delivery.PENDING),
    (DeliveryState.HANDED_IN, Delivery.HANDED_IN),
    (DeliveryState.ACCEPTED, Delivery.RECEIVED),
)


@dataclass(frozen=True, slots=True)
class NotedEvent:
    """An event of a stay, as the desk keeps it. What is told of it is composed when it is sent."""

    kind: EventKind
    stay: str
    record: bytes
    captured_at: datetime


class ServiceDispatch:
    """Rows for a receiving service."""

    unlisted = Delivery.NOT_DUE

    def __init__(
        self,
        destination: Destination,
        profile: Profile,
        queue: DeliveryQueue,
        clock: Clock,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if profile.destination is None:
            raise ValueError
        self._destination, self._profile, self._terms = destination, profile, profile.destination
        self._queue, self._clock, self._random_bytes = queue, clock, random_bytes

    def prepare(
        self,
        book: GuestBook,
        kind: EventKind,
        record: HouseRecord,
        *,
        replaces: bytes = b"",  # noqa: ARG002 - a receiving service knows no records of ours
        captured_at: datetime | None = None,
    ) -> NotedEvent:
        """Note an event. Raises: InvalidStay."""
        if record.stay.planned_departure > book.find_latest_departure(record.stay.arrived_at):
            raise InvalidStay("planned_departure")
        moment = (captured_at or self._clock.now()).replace(microsecond=0)
        return NotedEvent(kind, derive_stay_tag(record.slip_key).hex(), self._random_bytes(EVENT_BYTES), moment)

    def commit(self, connection: Connection, prepared: Prepared, record: HouseRecord) -> None:
        """Let what is to be told of an event wait, or change what waits already."""
        if prepared.kind is EventKind.CHECK_IN:
            if self._profile.is_registered(record.guest.nationality):
                self._make_room_beside(connection, prepared, record)
                for action in self._destination.list_actions(prepared.kind, is_accepted=False):
                    self._add(connection, action, prepared, record)
            return
        rows = read_rows(connection, frozenset(DeliveryState), stay=prepared.stay)
        arrival = next((row for row in reversed(rows) if row.action == Action.ARRIVAL), None)
        if arrival is None or arrival.state is DeliveryState.WITHDRAWN:
            return
        if arrival.state in _UNSENT:
            self._change_unsent(connection, arrival, prepared, record)
            return
        actions = self._destination.list_actions(prepared.kind, is_accepted=True)
        last = self._list_last(connection, arrival.party)
        for action in actions:
            if action is Action.ARRIVAL and Action.ANNULMENT in actions:
                self._tell_booking_again(connection, prepared, arrival, last)
            elif not any(row.action == action and row.state in _UNSENT for row in rows):
                self._add(connection, action, prepared, record)

    def allow_correction(self, before: HouseRecord, right: HouseRecord) -> None:
        """Raise NotTaken(TOLD_ALREADY) where the guest is told already and the service takes no correction."""
        if before.is_reduced:
            raise NotTaken(ProblemCode.TOLD_ALREADY)
        if (before.guest, before.answers) == (right.guest, right.answers):
            return
        stay = derive_stay_tag(before.slip_key).hex()
        told = self._queue.list_rows(frozenset(DeliveryState) - _UNSENT, stay=stay)
        actions = self._destination.list_actions(EventKind.CORRECT, is_accepted=True)
        can_change = Action.CORRECTION in actions or {Action.ANNULMENT, Action.ARRIVAL} <= set(actions)
        if any(row.action == Action.ARRIVAL for row in told) and not can_change:
            raise NotTaken(ProblemCode.TOLD_ALREADY)

    def list_deliveries(self) -> dict[str, StayDelivery]:
        """Return how far every stay has come of which something is told."""
        rows = self._queue.list_rows(frozenset(DeliveryState) - {DeliveryState.WITHDRAWN})
        by_stay: dict[str, list[DeliveryRow]] = {}
        for row in rows:
            by_stay.setdefault(row.stay, []).append(row)
        return {stay: _describe(each) for stay, each in by_stay.items()}

    def make_slip(self, book: GuestBook, record: HouseRecord) -> None:  # noqa: ARG002
        """Return None: there is no page; the slip shows what is told."""
        return None

    def _add(self, connection: Connection, action: Action, prepared: Prepared, record: HouseRecord) -> None:
        stay, moment = record.stay, prepared.captured_at
        is_arrival = action is Action.ARRIVAL
        if action is Action.DEPARTURE:
            hours = self._terms.departure_deadline_h or USUAL_DEPARTURE_H
            due_at = (stay.departed_at or moment) + timedelta(hours=hours)
        else:
            nights = (stay.planned_departure - stay.arrived_at.date()).days
            begin = stay.arrived_at if is_arrival else moment
            due_at = begin + timedelta(hours=self._terms.count_hours(nights, self._profile.deadline_h))
        ready_at = moment + (self._destination.hold if is_arrival else timedelta(0))
        party = record.party or prepared.stay
        self._queue.add(connection, prepared.stay, party, action, ready_at=ready_at, due_at=due_at)
        if is_arrival:
            # Whoever came before waits for whoever comes now: they are one message.
            self._queue.hold_party(connection, party, ready_at)

    def _tell_booking_again(
        self, connection: Connection, prepared: Prepared, told: DeliveryRow, last: Mapping[str, DeliveryRow]
    ) -> None:
        """Let arrivals wait once more, behind the annulment of the message they were told in: `told` is one of them.

        Raises: NotTaken(TOLD_ALREADY) where one of them has left the house store: nobody could tell of them again.
        """
        due_at = prepared.captured_at + timedelta(hours=self._profile.deadline_h)
        for stay, row in last.items():
            is_cancelled = stay == prepared.stay and prepared.kind is EventKind.CANCEL
            # One message holds those of a booking who were sent at one moment.
            if is_cancelled or not _is_told(row) or row.sent_at != told.sent_at:
                continue
            if not self._queue.is_in_house(connection, stay):
                raise NotTaken(ProblemCode.TOLD_ALREADY)
            self._queue.add(connection, stay, told.party, Action.ARRIVAL, ready_at=prepared.captured_at, due_at=due_at)

    def _make_room_beside(self, connection: Connection, prepared: Prepared, record: HouseRecord) -> None:
        """Let a booking that was told be annulled and told again, where a minor who comes later must be in it."""
        if Action.ANNULMENT not in self._destination.list_actions(EventKind.CHECK_IN, is_accepted=True):
            return
        last = self._list_last(connection, record.party) if record.party else {}
        told = next((row for row in last.values() if _is_told(row)), None)
        if told is None or any(row.state in _UNSENT for row in last.values()):
            return  # nobody is there yet, or somebody waits with whom they are told
        if is_minor(record.guest.birth_date, prepared.captured_at.date()):
            moment = prepared.captured_at
            due_at = moment + timedelta(hours=self._profile.deadline_h)
            self._queue.add(connection, told.stay, told.party, Action.ANNULMENT, ready_at=moment, due_at=due_at)
            self._tell_booking_again(connection, prepared, told, last)

    def _list_last(self, connection: Connection, party: str) -> dict[str, DeliveryRow]:
        """Return the last arrival or annulment of each stay of a booking. Read before a change adds rows of its own."""
        rows = read_rows(connection, frozenset(DeliveryState), party=party)
        return {row.stay: row for row in rows if row.action in (Action.ARRIVAL, Action.ANNULMENT)}

    def _change_unsent(
        self, connection: Connection, arrival: DeliveryRow, prepared: Prepared, record: HouseRecord
    ) -> None:
        if prepared.kind is EventKind.CANCEL:
            self._queue.move(connection, [Change(arrival.reference, DeliveryState.WITHDRAWN)])
            return
        if prepared.kind is EventKind.CORRECT and arrival.state is DeliveryState.REFUSED:
            self._queue.move(connection, [Change(arrival.reference, DeliveryState.WAITING)])
        if prepared.kind is EventKind.CHECK_OUT:
            for action in self._destination.list_actions(EventKind.CHECK_OUT, is_accepted=False):
                self._add(connection, action, prepared, record)


def _is_told(row: DeliveryRow) -> bool:
    """Tell whether an arrival is with the service, or may be, and was not taken back by itself."""
    return row.action == Action.ARRIVAL and row.state not in _UNSENT | {DeliveryState.WITHDRAWN}


def _describe(rows: list[DeliveryRow]) -> StayDelivery:
    states = {row.state for row in rows if row.state in OPEN | SETTLED}
    for state, delivery in _SHOWN:
        if state in states:
            code = next((row.code for row in rows if row.state is state and row.code), None)
            return StayDelivery(delivery, code)
    return StayDelivery(Delivery.NOT_DUE)
