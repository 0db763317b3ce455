"""The desk: a guest and a room become a sealed event and a place in the house store, committed together.

So does every later event of the stay: move, extension, correction, cancellation, check-out. One at a time:
a second touch on the same button must find what the first one did.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from records.profile import MAX_NIGHTS, ProfileField
from records.slip import SLIP_KEY_BYTES, Slip
from records.stays import EventKind, Guardian, Guest, Stay
from terminal.clock import Clock
from terminal.codes import ProblemCode
from terminal.correcting import find_wrong
from terminal.dispatch import CentralDispatch, Dispatch, Prepared, RandomBytes
from terminal.errors import NotSaved, NotTaken
from terminal.guest_book import GuestBook, is_minor, is_same_person
from terminal.jurisdiction import Jurisdiction
from terminal.keys import TerminalKeys
from terminal.resealing import Resealer
from terminal.state import CheckedIn
from terminal.store import Connection, Database, HeldEvent, HouseRecord, HouseRow, HouseStore, Outbox, StayDelivery
from terminal.typed.draft import TypingRules

PARTY_BYTES = 8


@dataclass(slots=True)
class Desk:
    """What registering needs. `max_nights` is the ceiling that the screen offers.

    `book` changes as a whole when another root file comes into force.
    """

    terminal: bytes
    keys: TerminalKeys = field(repr=False)
    book: GuestBook
    database: Database = field(repr=False)
    house: HouseStore = field(repr=False)
    outbox: Outbox = field(repr=False)
    clock: Clock
    random_bytes: RandomBytes = os.urandom
    max_nights: int = MAX_NIGHTS
    dispatch: Dispatch = None  # type: ignore[assignment]  # who is told; central where nobody else is named
    # Guests in house, opened; in memory only. Stays that are not in it cannot be opened.
    _opened: dict[str, HouseRecord] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        if self.dispatch is None:
            self.dispatch = CentralDispatch(self.terminal, self.keys, self.outbox, self.clock, self.random_bytes)

    def open_house(self) -> None:
        """Open what the house store holds. Raises: NotSaved."""
        with self._lock:
            opened = self.house.open_all()
            self._opened.clear()
            self._opened.update((stay, self._recall_events(stay, record)) for stay, record in opened.items())

    def adopt(self, jurisdiction: Jurisdiction) -> None:
        """Work under another root file from now on; what is being sealed is finished under the old one."""
        with self._lock:
            self.book = replace(self.book, jurisdiction=jurisdiction)

    def check_in(
        self,
        guest: Guest,
        room: str,
        nights: int,
        *,
        answers: dict[ProfileField, str] | None = None,
        beside: str = "",
    ) -> CheckedIn:
        """Register a guest; committed to disk when this returns.

        `answers` to what a receiving service asks; `beside` is the stay of somebody whose booking this guest shares.
        Raises: NotTaken, NotSealed, NotSaved.
        """
        with self._lock:
            guest = self.book.require_guardian(guest, self.clock.now())
            if self.is_in_house(guest):
                raise NotTaken(ProblemCode.ALREADY_IN_HOUSE)
            stay = self.book.plan_stay(room, nights, self.clock.now())
            record = HouseRecord(
                guest,
                stay,
                self.book.venue,
                self.random_bytes(SLIP_KEY_BYTES),
                answers=answers or {},
                party=self._find_party(beside, room),
            )
            sealed = self._prepare(EventKind.CHECK_IN, record)
            record = replace(record, events=(_hold(sealed, stay),))
            number = self._keep(sealed, record)
            self._opened[sealed.stay] = record
            return CheckedIn(sealed.stay, number, self.dispatch.make_slip(self.book, record))

    def move(self, stay: str, room: str) -> None:
        """Register that a guest has moved to another room. Raises: NotTaken, NotSealed, NotSaved."""
        with self._lock:
            record = self._require_in_house(stay)
            self._append(EventKind.MOVE, stay, replace(record, stay=self.book.move_stay(record.stay, room)))

    def extend(self, stay: str, departure: date) -> None:
        """Register that a guest stays until a later day. Raises: NotTaken, NotSealed, NotSaved."""
        with self._lock:
            record = self._require_in_house(stay)
            longer = self.book.extend_stay(record.stay, departure, self.clock.now())
            self._append(EventKind.EXTEND, stay, replace(record, stay=longer))

    def correct(
        self,
        stay: str,
        *,
        guest: Guest | None = None,
        guardian: Guardian | None = None,
        room: str | None = None,
        departure: date | None = None,
        answers: dict[ProfileField, str] | None = None,
    ) -> None:
        """Replace what was registered wrongly; None leaves as it is. Raises: NotTaken, NotSealed, NotSaved.

        Every standing event that holds the wrong fact is replaced by one of its own, since an event can name
        only one. After another document that is all of them, and the slip opens with its number alone.
        Cost: 0.4 s for each.
        """
        with self._lock:
            before = self._require_in_house(stay)
            if guest is not None and self._find_same(guest) not in (None, stay):
                raise NotTaken(ProblemCode.ALREADY_IN_HOUSE)
            if guest is not None or guardian is not None:
                right_guest = replace(guest or before.guest, guardian=guardian or before.guest.guardian)
                guest = self.book.require_guardian(right_guest, self.clock.now())
            right = replace(
                before,
                guest=guest or before.guest,
                stay=self.book.correct_stay(before.stay, room, departure),
                answers=before.answers if answers is None else answers,
            )
            if right == before:
                raise NotTaken(ProblemCode.NOTHING_TO_CORRECT)
            self.dispatch.allow_correction(before, right)
            wrong = find_wrong(before, right)
            if not wrong:
                # Kept by an earlier version, and its envelopes are gone: nothing could be named as replaced.
                raise NotTaken(ProblemCode.HOUSE_LOCKED)
            sealed = [self._prepare(EventKind.CORRECT, right, replaces=bytes.fromhex(each.record)) for each in wrong]
            kept = tuple(each for each in before.events if each not in wrong)
            right = replace(right, events=(*kept, *(_hold(each, right.stay) for each in sealed)))
            with self.database.transaction() as connection:
                for each in sealed:
                    self.dispatch.commit(connection, each, right)
                self.house.update(connection, stay, right)
            self._opened[stay] = right

    def cancel(self, stay: str) -> None:
        """Register that a stay did not take place. Raises: NotTaken, NotSealed, NotSaved."""
        with self._lock:
            record = self._require_in_house(stay)
            now = self.clock.now().replace(microsecond=0)
            self._append(
                EventKind.CANCEL, stay, record, lambda connection: self.house.mark_departed(connection, stay, now)
            )

    def check_out(self, stays: list[str]) -> None:
        """Register that guests have left, all of them or none. Raises: NotTaken, NotSealed, NotSaved.

        Who cannot be read leaves by the number of the stay; see `seal_check_outs`.
        """
        with self._lock:
            departed = self.clock.now().replace(microsecond=0)
            unread = [stay for stay in stays if stay not in self._opened]
            leaving = {stay: self._require_in_house(stay) for stay in stays if stay not in unread}
            self._require_rows(unread)
            after = {stay: self._seal_departure(record, departed) for stay, record in leaving.items()}
            with self.database.transaction() as connection:
                for stay, (sealed, record) in after.items():
                    self.dispatch.commit(connection, sealed, record)
                    self.house.update(connection, stay, record)
                    self.house.mark_departed(connection, stay, departed)
                for stay in unread:
                    self.house.mark_departed(connection, stay, departed, check_out_waits=True)
            self._opened.update((stay, record) for stay, (_, record) in after.items())

    def seal_check_outs(self) -> int:
        """Seal the check-outs noted while their guests could not be read. Return how many. Raises: as `check_in`."""
        return sum(self._seal_check_out(row) for row in self.house.list_rows() if row.check_out_waits)

    def take_share(self, share: bytes) -> bool:
        """Open the house with central's share; see `HouseStore.take_share`. Raises: NotSaved."""
        with self._lock:
            is_open = self.house.take_share(share, self._opened)
            if is_open:
                self.open_house()
            return is_open

    def unlock(self, code: bytes) -> None:
        """Open the house with a recovery card's code. Raises: NotTaken(CARD_REFUSED), NotSaved."""
        with self._lock:
            if not self.house.unlock(code):
                raise NotTaken(ProblemCode.CARD_REFUSED)
            self.open_house()

    def make_card(self) -> bytes:
        """Return the code of a new recovery card; earlier ones are no longer good. Raises: NotTaken, NotSaved."""
        with self._lock:
            return self.house.key.make_card(self.clock.now())

    def forget_overdue(self) -> list[str]:
        """Forget who was never checked out, long after the planned departure. Return their stays. Raises: NotSaved."""
        with self._lock:
            now = self.clock.now()
            return self.house.forget_overdue(now, self.book.find_today(now))

    def seal_again(self) -> int:
        """Seal again what central refused because the root file has moved on; see `Resealer`. Return how many."""
        return self._make_resealer().seal_again()

    def send_again(self, stay: str) -> None:
        """Seal again whatever of a stay was refused, for any reason: a person thinks the cause is put right.

        Raises: NotTaken, NotSealed, NotSaved.
        """
        with self._lock:
            if stay not in self._opened:
                raise NotTaken(ProblemCode.HOUSE_LOCKED if self._is_known(stay) else ProblemCode.NO_SUCH_STAY)
            self._make_resealer().send_again(stay)

    def find_slip(self, stay: str) -> Slip | None:
        """Return the slip of a stay that is still in the house store, None where it has no page. Raises: NotTaken."""
        return self.dispatch.make_slip(self.book, self.find_record(stay))

    def find_record(self, stay: str) -> HouseRecord:
        """Return what is kept of a stay, also of one that has left and is not finished. Raises: NotTaken."""
        with self._lock:
            if not self._is_known(stay):
                raise NotTaken(ProblemCode.NO_SUCH_STAY)
            record = self._opened.get(stay)
            if record is None:
                raise NotTaken(ProblemCode.HOUSE_LOCKED)
            return record

    def hold(self) -> threading.RLock:
        """Return the lock under which stays change, for whoever must see them as they are for a moment."""
        return self._lock

    def change_quietly(
        self,
        stay: str,
        change: Callable[[HouseRecord], HouseRecord],
        also: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """Keep a stay otherwise than it was, and `also` with it; nobody is told. Raises: NotTaken, NotSaved."""
        with self._lock:
            record = change(self.find_record(stay))
            with self.database.transaction() as connection:
                self.house.update(connection, stay, record)
                also(connection)
            self._opened[stay] = record

    def list_deliveries(self) -> dict[str, StayDelivery]:
        """Return the stays of which something is not where it has to be yet; all others are received."""
        return self.dispatch.list_deliveries()

    def find_typing_terms(self) -> tuple[TypingRules, date]:
        """Return what the profile asks of typed documents and minors, and today's date."""
        return self.book.find_typing_rules(), self.book.find_today(self.clock.now())

    def has_adult(self, stay: str) -> bool:
        """Tell whether somebody of age is in house under this stay; who cannot be read is taken at the clerk's word."""
        with self._lock:
            in_house = any(row.stay == stay and row.departed_at is None for row in self.house.list_rows())
            record = self._opened.get(stay)
            return in_house and (record is None or not is_minor(record.guest.birth_date, self.find_typing_terms()[1]))

    def list_house(self) -> list[tuple[HouseRow, HouseRecord | None]]:
        """Return every stay of the house store with what is kept of it, None where it cannot be opened."""
        rows = self.house.list_rows()
        return [(row, self._opened.get(row.stay)) for row in rows]

    def forget_gone(self) -> set[str]:
        """Drop from memory what has left the house store. Return the stays that are still in it."""
        with self._lock:
            present = {row.stay for row in self.house.list_rows()}
            for stay in self._opened.keys() - present:
                del self._opened[stay]
            return present

    def is_in_house(self, guest: Guest) -> bool:
        """Tell whether the same document is registered and has not left."""
        return self._find_same(guest) is not None

    def has_registered(self, guest: Guest) -> bool:
        """Tell whether somebody in house is registered with exactly this: then there is nothing to correct either."""
        with self._lock:
            stay = self._find_same(guest)
            # A guardian is asked for later, and corrected by itself.
            return stay is not None and replace(self._opened[stay].guest, guardian=None) == guest

    def _find_same(self, guest: Guest) -> str | None:
        with self._lock:
            in_house = {row.stay for row in self.house.list_rows() if row.departed_at is None}
            same = (stay for stay in in_house & self._opened.keys() if is_same_person(self._opened[stay].guest, guest))
            return next(same, None)

    def _find_party(self, beside: str, room: str) -> str:
        """Return the booking of the guest beside, where that one is in the same room; a new one otherwise."""
        other = self._opened.get(beside)
        if other is not None and other.party and other.stay.room == room and other.stay.departed_at is None:
            return other.party
        return self.random_bytes(PARTY_BYTES).hex()

    def _keep(self, sealed: Prepared, record: HouseRecord) -> int:
        """Commit what tells of the guest and the guest together. Only after this the screen may turn green."""
        try:
            with self.database.transaction() as connection:
                number = self.house.add(connection, sealed.stay, record)
                self.dispatch.commit(connection, sealed, record)
        except NotSaved:
            self.house.release_unused()
            raise
        return number

    def _append(
        self,
        kind: EventKind,
        stay: str,
        record: HouseRecord,
        also: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """Seal one more event of a stay as it stands in `record`, and commit both together."""
        sealed = self._prepare(kind, record)
        record = replace(record, events=(*record.events, _hold(sealed, record.stay)))
        with self.database.transaction() as connection:
            self.dispatch.commit(connection, sealed, record)
            self.house.update(connection, stay, record)
            also(connection)
        self._opened[stay] = record

    def _seal_departure(self, record: HouseRecord, departed: datetime) -> tuple[Prepared, HouseRecord]:
        gone = replace(record, stay=replace(record.stay, departed_at=departed))
        sealed = self._prepare(EventKind.CHECK_OUT, gone, captured_at=departed)
        return sealed, replace(gone, events=(*gone.events, _hold(sealed, gone.stay)))

    def _seal_check_out(self, row: HouseRow) -> int:
        with self._lock:
            before = self._opened.get(row.stay)
            if before is None or row.departed_at is None:
                return 0
            sealed, record = self._seal_departure(before, row.departed_at)
            with self.database.transaction() as connection:
                self.dispatch.commit(connection, sealed, record)
                self.house.update(connection, row.stay, record)
                self.house.mark_departed(connection, row.stay, row.departed_at)
            self._opened[row.stay] = record
            return 1

    def _require_rows(self, stays: list[str]) -> None:
        in_house = {row.stay for row in self.house.list_rows() if row.departed_at is None} if stays else set()
        if not in_house.issuperset(stays):
            raise NotTaken(ProblemCode.NO_SUCH_STAY)

    def _is_known(self, stay: str) -> bool:
        return any(row.stay == stay for row in self.house.list_rows())

    def _require_in_house(self, stay: str) -> HouseRecord:
        self._require_rows([stay])
        record = self._opened.get(stay)
        if record is None:
            raise NotTaken(ProblemCode.HOUSE_LOCKED)
        return record

    def _prepare(
        self, kind: EventKind, record: HouseRecord, replaces: bytes = b"", captured_at: datetime | None = None
    ) -> Prepared:
        return self.dispatch.prepare(self.book, kind, record, replaces=replaces, captured_at=captured_at)

    def _make_resealer(self) -> Resealer:
        return Resealer(self.book, self.database, self.house, self.outbox, self.dispatch, self._opened, self._lock)

    def _recall_events(self, stay: str, record: HouseRecord) -> HouseRecord:
        """Return the record with its events, where an earlier version of this program has kept none."""
        if record.events:
            return record
        events = (
            HeldEvent(header.record.hex(), kind, record.stay, header.captured_at)
            for kind, header in self.outbox.list_events(stay)
        )
        return replace(record, events=tuple(events))


def _hold(sealed: Prepared, stay: Stay) -> HeldEvent:
    return HeldEvent(sealed.record.hex(), sealed.kind, stay, sealed.captured_at)
