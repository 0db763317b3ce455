"""The counter as a whole: what the screen asks of it goes to arrivals, stays or the desk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from drivers.reader import Face, Reader
from records.slip import Slip
from terminal.central_notices import CentralNotices
from terminal.codes import ProblemCode
from terminal.counter.arrivals import Arrivals
from terminal.counter.board import Board
from terminal.counter.listener import ReaderListener
from terminal.counter.stays import StayActs
from terminal.desk import Desk
from terminal.jurisdiction import Jurisdiction
from terminal.notice import describe_notice
from terminal.pending import Pending
from terminal.recovery_card import CardShownOnce, read_code
from terminal.refusing import as_counter_error
from terminal.service_desk import ServiceDesk
from terminal.showing import show_counter
from terminal.state import CancelReason, CheckedIn, CounterState, LeftProof, MachineState
from terminal.store import LeftProofs
from terminal.typed.draft import Finding, TypedDraft, TypedField
from terminal.uploader import UploadStatus


class Counter:
    """One counter. Every method may be called from any thread."""

    def __init__(
        self,
        desk: Desk,
        reader: Reader,
        *,
        find_upload_status: Callable[[], UploadStatus] = UploadStatus,
        find_share_problem: Callable[[], ProblemCode | None] = lambda: None,
        find_machine: Callable[[], MachineState] = MachineState,
        on_saved: Callable[[], None] = lambda: None,
        on_notice_read: Callable[[], None] = lambda: None,
        on_unlocked: Callable[[], None] = lambda: None,
        find_comparison: Callable[[], Mapping[str, str]] = dict,
        service: ServiceDesk | None = None,
        notices: CentralNotices | None = None,
    ) -> None:
        self._desk, self._reader, self._service, self._notices = desk, reader, service, notices
        self._find_upload_status, self._find_share_problem = find_upload_status, find_share_problem
        self._find_machine, self._on_unlocked, self._on_notice_read = find_machine, on_unlocked, on_notice_read
        self._find_comparison = find_comparison
        self._board = Board()
        self._arrivals = Arrivals(desk, reader, self._board)
        self._stays = StayActs(desk, self._arrivals, self._board, on_saved, service)
        self._listener = ReaderListener(reader, self._arrivals, self._board)
        self._card, self._card_lock = CardShownOnce(), threading.Lock()

    def start(self) -> None:
        """Open what is in house and begin to listen to the reader."""
        with as_counter_error():
            self._desk.open_house()
        self._stays.seal_again()
        self._listener.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Close the reader and let go of everybody who waits for a change."""
        self._reader.close()
        self._board.close()
        self._listener.stop(timeout_s)

    def note_change(self) -> None:
        """Tell the screen that something is new; the uploader calls it too."""
        self._stays.seal_again()
        self._stays.forget_gone()
        self._board.note_change()

    def is_reader_ready(self) -> bool:
        """Tell whether the reader works; it may be reading at the moment."""
        return self._board.reader.state != "down"

    def state(self) -> CounterState:
        """Return the present state."""
        with as_counter_error():
            with self._board.look() as shown:
                # Read first: what changes while the rest is collected shows as a newer version.
                pending = self._arrivals.show_all()
            return show_counter(
                self._desk,
                self._find_upload_status(),
                self._find_share_problem(),
                version=shown.version,
                failure=shown.failure,
                reader=shown.reader,
                pending=pending,
                machine=self._find_machine(),
                service=self._service,
                notices=self._notices,
            )

    def wait_for_change(self, version: int, timeout_s: float) -> int:
        """Return the present version, as soon as it differs from `version` or after the time-out."""
        return self._board.wait_for_change(version, timeout_s)

    def scan(self, text: str) -> None:
        """Take the printed lines of a document, as a scanner typed them."""
        self._arrivals.scan(text)

    def give_key(self, key: str) -> None:
        """Give the chip that waits its key. Raises: CounterError."""
        self._arrivals.give_key(key)

    def face(self, pending: str) -> Face | None:
        """Return the face from a pending guest's document, None for who has none, or no longer waits."""
        return self._arrivals.find_face(pending)

    def check_typed(self, draft: TypedDraft) -> tuple[Finding, ...]:
        """Return what is to be said of a form as it stands. Raises: CounterError."""
        return self._arrivals.check_typed(draft)

    def take_typed(self, draft: TypedDraft) -> str:
        """Let the guest of a typed document wait for a room. Return their id. Raises: CounterError."""
        return self._arrivals.take_typed(draft)

    def find_pending(self, pending: str) -> Pending:
        """Return a guest who waits. Raises: NotTaken(NO_SUCH_GUEST)."""
        return self._arrivals.require(pending)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Do what commits something of a stay, then tell screen and uploader. Raises: CounterError."""
        with self._stays.saving():
            yield

    def discard(self, pending: str) -> None:
        """Put a pending guest aside without registering anything."""
        self._arrivals.remove(pending)

    def dismiss(self) -> None:
        """Clear the failure that is shown."""
        self._board.show_failure(None)

    def accept_notice(self) -> None:
        """Take note that somebody has read what the machine said of its clock and of a file that was set aside."""
        self._on_notice_read()
        self._board.note_change()

    def see_notice(self, number: int) -> None:
        """Take note that somebody has read a notice by central. Raises: CounterError."""
        if self._notices is not None:
            with as_counter_error():
                self._notices.see(number)
            self._board.note_change()

    def check_in(
        self,
        pending: str,
        room: str,
        nights: int,
        guardian: Mapping[TypedField, str] | None = None,
        *,
        answers: Mapping[str, str] | None = None,
        beside: str = "",
    ) -> CheckedIn:
        """Register a pending guest, once: a second touch gets the same answer. Raises: CounterError."""
        return self._stays.check_in(pending, room, nights, guardian, answers=answers, beside=beside)

    def undo(self, stay: str) -> str:
        """Cancel a check-in of less than a minute ago; its guest waits for a room again. Raises: CounterError."""
        return self._stays.undo(stay)

    def move(self, stay: str, room: str) -> None:
        """Move a guest to another room. Raises: CounterError."""
        self._stays.move(stay, room)

    def extend(self, stay: str, departure: date) -> None:
        """Let a guest stay until a later day. Raises: CounterError."""
        self._stays.extend(stay, departure)

    def correct(
        self,
        stay: str,
        *,
        pending: str | None = None,
        guardian: Mapping[TypedField, str] | None = None,
        room: str | None = None,
        departure: date | None = None,
    ) -> None:
        """Replace a wrong fact of a stay; see `StayActs.correct`. Raises: CounterError."""
        self._stays.correct(stay, pending=pending, guardian=guardian, room=room, departure=departure)

    def cancel(self, stay: str, reason: CancelReason) -> None:
        """Register that a stay did not take place. Raises: CounterError."""
        self._stays.cancel(stay, reason)

    def send_again(self, stay: str) -> None:
        """Send again what was refused of a stay, sealed anew. Raises: CounterError."""
        self._stays.send_again(stay)

    def check_out(self, stays: list[str]) -> None:
        """Check out one or several stays, all or none. Raises: CounterError."""
        self._stays.check_out(stays)

    def slip(self, stay: str) -> Slip | None:
        """Return the slip of a stay that is still kept here, None where it leads nowhere. Raises: CounterError."""
        with as_counter_error():
            return self._desk.find_slip(stay)

    def left_days(self) -> tuple[tuple[date, int], ...]:
        """Return the days of which receipts of guests who have left are kept. Raises: CounterError."""
        with as_counter_error():
            return self._find_left().count_by_day()

    def left_proofs(self, day: date) -> tuple[LeftProof, ...]:
        """Return those receipts of one day. Raises: CounterError."""
        with as_counter_error():
            return self._find_left().list_day(day)

    def _find_left(self) -> LeftProofs:
        return LeftProofs(self._desk.database, self._desk.book.zone)

    def unlock(self, groups: list[str]) -> None:
        """Open the list of guests in house with a recovery card's groups. Raises: CounterError."""
        with self._stays.saving():
            self._desk.unlock(read_code(groups))
        self.note_change()
        self._on_unlocked()

    def make_card(self) -> None:
        """Make a recovery card that waits to be shown; earlier ones are no longer good. Raises: CounterError."""
        with self._stays.saving(), self._card_lock:
            self._card.put(self._desk.make_card(), self._desk.clock.boottime_s())

    def take_card(self) -> tuple[str, ...]:
        """Return the groups of the card just made, once and within three minutes; () otherwise."""
        with self._card_lock:
            return self._card.take(self._desk.clock.boottime_s())

    def notice(self) -> dict[str, dict[str, str]]:
        """Return the profile's texts for guests, by language."""
        return describe_notice(self._desk.book.jurisdiction.profile, self._find_comparison())

    def adopt(self, jurisdiction: Jurisdiction) -> None:
        """Work under another root file from now on; what was refused for the old keys is sealed again."""
        self._desk.adopt(jurisdiction)
        self.note_change()
