"""The desk: a guest and a room become a sealed event and a place in the house store, committed together.

One registration at a time: a second touch on the same button must find what the first one did.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from records import suite
from records.envelope import Header
from records.profile import MAX_NIGHTS
from records.receipt import RefusalReason
from records.root import choose_disclosure_keys
from records.slip import SLIP_KEY_BYTES, Slip, make_slip
from records.stays import EventKind, Guest
from terminal.clock import Clock
from terminal.codes import ProblemCode
from terminal.errors import NotSaved, NotTaken
from terminal.guest_book import GuestBook, is_same_person
from terminal.keys import TerminalKeys
from terminal.sealing import SealedEvent, seal_event
from terminal.state import CheckedIn
from terminal.store import Database, HouseRecord, HouseRow, HouseStore, Outbox, Refused

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Desk:
    """What registering needs. `max_nights` is the ceiling that the screen offers."""

    terminal: bytes
    keys: TerminalKeys = field(repr=False)
    book: GuestBook
    database: Database = field(repr=False)
    house: HouseStore = field(repr=False)
    outbox: Outbox = field(repr=False)
    clock: Clock
    random_bytes: RandomBytes = os.urandom
    max_nights: int = MAX_NIGHTS
    # Guests in house, opened; in memory only. Stays that are not in it cannot be opened.
    _opened: dict[str, HouseRecord] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def open_house(self) -> None:
        """Open what the house store holds. Raises: NotSaved."""
        with self._lock:
            self._opened.clear()
            self._opened.update(self.house.open_all())

    def check_in(self, guest: Guest, room: str, nights: int) -> CheckedIn:
        """Register a guest; committed to disk when this returns. Raises: NotTaken, NotSealed, NotSaved."""
        with self._lock:
            if self.is_in_house(guest):
                raise NotTaken(ProblemCode.ALREADY_IN_HOUSE)
            now = self.clock.now()
            stay = self.book.plan_stay(room, nights, now)
            record = HouseRecord(guest, stay, self.book.venue, self.random_bytes(SLIP_KEY_BYTES))
            sealed = self._seal(EventKind.CHECK_IN, record)
            number = self._keep(sealed, record)
            self._opened[sealed.stay] = record
            return CheckedIn(sealed.stay, number, self._make_slip(record))

    def check_out(self, stays: list[str]) -> None:
        """Register that guests have left, all of them or none. Raises: NotTaken, NotSealed, NotSaved."""
        with self._lock:
            departed = self.clock.now().replace(microsecond=0)
            sealed = [
                self._seal(EventKind.CHECK_OUT, replace(record, stay=replace(record.stay, departed_at=departed)))
                for record in map(self._require_in_house, dict.fromkeys(stays))
            ]
            with self.database.transaction() as connection:
                for each in sealed:
                    self.outbox.add(connection, each)
                    self.house.mark_departed(connection, each.stay, departed)

    def seal_again(self) -> int:
        """Seal again what central refused because the root file has moved on. Return how many. Raises: as `check_in`.

        A stay whose guest cannot be opened, or whose keys are those of our root too, waits for a person.
        """
        # One at a time: each takes half a second, and the counter goes on in between.
        return sum(map(self._seal_again, self.outbox.list_refused(RefusalReason.WRONG_KEYS)))

    def find_slip(self, stay: str) -> Slip:
        """Return the slip of a stay that is still in the house store. Raises: NotTaken."""
        with self._lock:
            if all(row.stay != stay for row in self.house.list_rows()):
                raise NotTaken(ProblemCode.NO_SUCH_STAY)
            record = self._opened.get(stay)
            if record is None:
                raise NotTaken(ProblemCode.HOUSE_LOCKED)
            return self._make_slip(record)

    def list_house(self) -> list[tuple[HouseRow, str | None]]:
        """Return every stay of the house store with the guest's name, None where it cannot be opened."""
        rows = self.house.list_rows()
        names = {stay: record.guest.names[0].text for stay, record in list(self._opened.items())}
        return [(row, names.get(row.stay)) for row in rows]

    def forget_gone(self) -> set[str]:
        """Drop from memory what has left the house store. Return the stays that are still in it."""
        with self._lock:
            present = {row.stay for row in self.house.list_rows()}
            for stay in self._opened.keys() - present:
                del self._opened[stay]
            return present

    def is_in_house(self, guest: Guest) -> bool:
        """Tell whether the same document is registered and has not left."""
        with self._lock:
            in_house = {row.stay for row in self.house.list_rows() if row.departed_at is None}
            return any(is_same_person(self._opened[stay].guest, guest) for stay in in_house & self._opened.keys())

    def _keep(self, sealed: SealedEvent, record: HouseRecord) -> int:
        """Commit envelope and guest together. Only after this the screen may turn green."""
        try:
            with self.database.transaction() as connection:
                number = self.house.add(connection, sealed.stay, record)
                self.outbox.add(connection, sealed)
        except NotSaved:
            self.house.release_unused()
            raise
        return number

    def _require_in_house(self, stay: str) -> HouseRecord:
        if all(row.stay != stay or row.departed_at is not None for row in self.house.list_rows()):
            raise NotTaken(ProblemCode.NO_SUCH_STAY)
        record = self._opened.get(stay)
        if record is None:
            raise NotTaken(ProblemCode.HOUSE_LOCKED)
        return record

    def _seal_again(self, refused: Refused) -> bool:
        with self._lock:
            record = self._opened.get(refused.stay)
            if record is None or not self._has_other_keys(refused.header):
                return False
            if refused.event is EventKind.CHECK_OUT:
                departed = {row.stay: row.departed_at for row in self.house.list_rows()}
                record = replace(record, stay=replace(record.stay, departed_at=departed[refused.stay]))
            self.outbox.replace_refused(refused, self._seal(refused.event, record, refused.header.captured_at))
            return True

    def _has_other_keys(self, header: Header) -> bool:
        court, oversight = choose_disclosure_keys(self.book.jurisdiction.root, header.captured_at)
        return (court.key_id, oversight.key_id) != (header.court_key, header.oversight_key)

    def _seal(self, kind: EventKind, record: HouseRecord, captured_at: datetime | None = None) -> SealedEvent:
        event = self.book.compose_stay_event(
            kind,
            record.guest,
            record.stay,
            now=captured_at or self.clock.now(),
            record=self.random_bytes(suite.ID_BYTES),
            venue=record.venue,
        )
        return seal_event(event, record.slip_key, self.book.jurisdiction.root, self.terminal)

    def _make_slip(self, record: HouseRecord) -> Slip:
        page = self.book.jurisdiction.root.guest_page
        return make_slip(record.slip_key, self.keys.signing.public.data, page)
