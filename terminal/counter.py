"""The counter: ties reader, desk and outbox together for the screen (`terminal.state.CounterService`)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date

import structlog

from drivers.errors import ReaderError
from drivers.mrz_document import understand_scan
from drivers.parse import parse_document
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    KeyedReader,
    KeyNeeded,
    Progress,
    Reader,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)
from records.documents import DocumentKind, IdentityDocument
from records.errors import InvalidDocument, RecordsError
from records.slip import Slip
from terminal.codes import ProblemCode
from terminal.desk import Desk
from terminal.errors import NotSaved, NotSealed, NotTaken
from terminal.guest_book import code_of
from terminal.jurisdiction import Jurisdiction
from terminal.notice import describe_notice
from terminal.pending import CheckInDone, Pending, PendingGuests, note_guardian
from terminal.recovery_card import CardShownOnce, read_code
from terminal.refusing import as_counter_error, find_key_fault
from terminal.service_desk import ServiceDesk
from terminal.showing import can_undo, show_counter
from terminal.state import CancelReason, CheckedIn, CounterState, ReaderState
from terminal.typed.check import check_draft, list_kept, make_document
from terminal.typed.draft import Finding, TypedDraft, TypedField
from terminal.typed.guardians import make_guardian
from terminal.uploader import UploadStatus

# Answers to a second touch on the same button.
REMEMBERED = 50


class Counter:
    """One counter. Every method may be called from any thread."""

    def __init__(
        self,
        desk: Desk,
        reader: Reader,
        *,
        find_upload_status: Callable[[], UploadStatus] = UploadStatus,
        find_share_problem: Callable[[], ProblemCode | None] = lambda: None,
        on_saved: Callable[[], None] = lambda: None,
        on_unlocked: Callable[[], None] = lambda: None,
        service: ServiceDesk | None = None,
    ) -> None:
        self._desk, self._reader, self._service = desk, reader, service
        self._find_upload_status, self._find_share_problem = find_upload_status, find_share_problem
        self._on_saved, self._on_unlocked = on_saved, on_unlocked
        self._card = CardShownOnce()
        self._changed = threading.Condition()
        self._version, self._is_closing = 1, False
        self._pending = PendingGuests()
        self._failure: str | None = None
        self._reader_state = ReaderState("down")
        # A second touch waits here until the first one is saved, and gets its answer.
        self._registering = threading.Lock()
        self._done: OrderedDict[str, CheckInDone] = OrderedDict()
        self._thread = threading.Thread(target=self._read, name="reader", daemon=True)

    def start(self) -> None:
        """Open what is in house and begin to listen to the reader."""
        with as_counter_error():
            self._desk.open_house()
        self._seal_again()
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Close the reader and let go of everybody who waits for a change."""
        self._reader.close()
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def note_change(self) -> None:
        """Tell the screen that something is new; the uploader calls it too."""
        self._seal_again()
        with self._registering, as_counter_error():
            present = self._desk.forget_gone()
            for pending, done in list(self._done.items()):
                if done.answer.stay not in present:
                    del self._done[pending]  # it holds the slip key
        with self._change():
            pass

    def is_reader_ready(self) -> bool:
        """Tell whether the reader works; it may be reading at the moment."""
        return self._reader_state.state != "down"

    def state(self) -> CounterState:
        """Return the present state."""
        with as_counter_error():
            with self._changed:
                # Read first: what changes while the rest is collected shows as a newer version.
                version, failure, reader = self._version, self._failure, self._reader_state
                pending = self._pending.show_all()
            return show_counter(
                self._desk,
                self._find_upload_status(),
                self._find_share_problem(),
                version=version,
                failure=failure,
                reader=reader,
                pending=pending,
                service=self._service,
            )

    def wait_for_change(self, version: int, timeout_s: float) -> int:
        """Return the present version, as soon as it differs from `version` or after the time-out."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version or self._is_closing, timeout_s)
            return self._version

    def scan(self, text: str) -> None:
        """Take the printed lines of a document, as a scanner typed them; they open the chip that waits for them."""
        if isinstance(self._reader, KeyedReader) and self._reader.awaits_key:
            if fault := find_key_fault(self._reader, text):
                with self._change():
                    self._failure = fault
            return
        is_repaired = False

        def understand() -> IdentityDocument:
            nonlocal is_repaired
            scan = understand_scan(text, self._desk.book.find_today(self._desk.clock.now()))
            is_repaired = scan.is_number_repaired
            return scan.document

        failure = self._take_document(understand) or (ProblemCode.NUMBER_REPAIRED if is_repaired else None)
        with self._change():
            self._failure = failure

    def check_typed(self, draft: TypedDraft) -> tuple[Finding, ...]:
        """Return what is to be said of a form as it stands. Raises: CounterError."""
        with as_counter_error():
            return check_draft(draft, *self._desk.find_typing_terms())

    def take_typed(self, draft: TypedDraft) -> str:
        """Let the guest of a typed document wait for a room. Return their id. Raises: CounterError."""
        with as_counter_error():
            document = make_document(draft, *self._desk.find_typing_terms())
            if document.kind is DocumentKind.NONE and not self._desk.has_adult(draft.adult):
                raise NotTaken(ProblemCode.NO_ADULT)
            pending = self._add_document(document, list_kept(draft), draft.adult)
        with self._change():
            self._failure = None
        return pending

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
        with self._registering, as_counter_error():
            if pending in self._done:
                return self._done[pending].answer
            waiting = self.find_pending(pending)
            if waiting.adult and not self._desk.has_adult(waiting.adult):
                raise NotTaken(ProblemCode.NO_ADULT)
            if guardian is not None:
                waiting = note_guardian(waiting, make_guardian(guardian))
            told = self._service.complete(waiting.guest, room, nights, beside, answers) if self._service else None
            done = self._desk.check_in(waiting.guest, room, nights, answers=told, beside=beside)
            self._done[pending] = CheckInDone(done, waiting)
            while len(self._done) > REMEMBERED:
                self._done.popitem(last=False)
            with self._change():
                self._pending.remove(pending)
        self._on_saved()
        return done

    def undo(self, stay: str) -> str:
        """Cancel a check-in of less than a minute ago; its guest waits for a room again. Raises: CounterError."""
        with self._registering, as_counter_error():
            found = next(((key, done) for key, done in self._done.items() if done.answer.stay == stay), None)
            row = next((row for row, _ in self._desk.list_house() if row.stay == stay), None)
            if row is None or row.departed_at is not None:
                raise NotTaken(ProblemCode.NO_SUCH_STAY)
            if found is None or not can_undo(self._desk, row):
                raise NotTaken(ProblemCode.TOO_LATE_TO_UNDO)
            self._desk.cancel(stay)
            key, done = found
            del self._done[key]
            pending = ""
            with self._change(), suppress(NotTaken):  # the card can be read again
                pending = self._pending.put_back(done.guest)
        self._on_saved()
        return pending

    def move(self, stay: str, room: str) -> None:
        """Move a guest to another room. Raises: CounterError."""
        with self.saving():
            self._desk.move(stay, room)

    def extend(self, stay: str, departure: date) -> None:
        """Let a guest stay until a later day. Raises: CounterError."""
        with self.saving():
            self._desk.extend(stay, departure)

    def correct(
        self,
        stay: str,
        *,
        pending: str | None = None,
        guardian: Mapping[TypedField, str] | None = None,
        room: str | None = None,
        departure: date | None = None,
    ) -> None:
        """Replace the document by that of a pending guest, the guardian, the room, or the planned departure.

        Raises: CounterError.
        """
        with self.saving():
            waiting = None if pending is None else self.find_pending(pending)
            self._desk.correct(
                stay,
                guest=waiting.guest if waiting else None,
                guardian=make_guardian(guardian) if guardian is not None else None,
                room=room,
                departure=departure,
            )
            if waiting is not None:
                self.discard(waiting.shown.id)

    def cancel(self, stay: str, reason: CancelReason) -> None:
        """Register that a stay did not take place. Raises: CounterError."""
        with self.saving():
            self._desk.cancel(stay)
        # The record has no place for it, and needs none: that the stay was not is all it says.
        structlog.get_logger().info("stay cancelled", reason=reason)

    def send_again(self, stay: str) -> None:
        """Send again what was refused of a stay, sealed anew. Raises: CounterError."""
        with self.saving():
            self._desk.send_again(stay)

    def discard(self, pending: str) -> None:
        """Put a pending guest aside without registering anything."""
        with self._change():
            self._pending.remove(pending)

    def dismiss(self) -> None:
        """Clear the failure that is shown."""
        with self._change():
            self._failure = None

    def check_out(self, stays: list[str]) -> None:
        """Check out one or several stays, all or none. Raises: CounterError."""
        with self.saving():
            self._desk.check_out(stays)

    def slip(self, stay: str) -> Slip | None:
        """Return the slip of a stay that is still kept here, None where it leads nowhere. Raises: CounterError."""
        with as_counter_error():
            return self._desk.find_slip(stay)

    def unlock(self, groups: list[str]) -> None:
        """Open the list of guests in house with a recovery card's groups. Raises: CounterError."""
        with self.saving():
            self._desk.unlock(read_code(groups))
        self.note_change()
        self._on_unlocked()

    def make_card(self) -> None:
        """Make a recovery card that waits to be shown; earlier ones are no longer good. Raises: CounterError."""
        with self.saving():
            self._card.put(self._desk.make_card(), self._desk.clock.boottime_s())

    def take_card(self) -> tuple[str, ...]:
        """Return the groups of the card just made, once and within three minutes; () otherwise."""
        with self._registering:
            return self._card.take(self._desk.clock.boottime_s())

    def notice(self) -> dict[str, dict[str, str]]:
        """Return the profile's texts for guests, by language."""
        return describe_notice(self._desk.book.jurisdiction.profile)

    def adopt(self, jurisdiction: Jurisdiction) -> None:
        """Work under another root file from now on; what was refused for the old keys is sealed again."""
        self._desk.adopt(jurisdiction)
        self.note_change()

    def find_pending(self, pending: str) -> Pending:
        """Return a guest who waits. Raises: NotTaken(NO_SUCH_GUEST)."""
        with self._changed:
            if (waiting := self._pending.find(pending)) is None:
                raise NotTaken(ProblemCode.NO_SUCH_GUEST)
            return waiting

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Do what commits an event of a stay, then tell screen and uploader."""
        with self._registering, as_counter_error():
            yield
        with self._change():
            pass
        self._on_saved()

    def _seal_again(self) -> None:
        try:
            if self._desk.seal_again() + self._desk.seal_check_outs():
                self._on_saved()
        except (NotSaved, NotSealed, RecordsError) as error:
            # They stay refused, in sight of a person; everything else goes on.
            structlog.get_logger().warning("not sealed again", error=type(error).__name__)

    def _read(self) -> None:
        try:
            for event in self._reader.events():
                self._take_event(event)
                # Not kept while the iterator blocks: it may hold a document.
                del event
        except Exception as error:
            structlog.get_logger().error("reader stopped", error=type(error).__name__)
        if not self._is_closing:
            with self._change():
                self._reader_state = ReaderState("down", ProblemCode.READER_STOPPED)

    def _take_event(self, event: ReaderEvent) -> None:
        match event:
            case ReaderUp() | DocumentRemoved():
                self._show_reader(ReaderState("ready"))
            case ReaderDown(error):
                self._show_reader(ReaderState("down", error.code))
            case DocumentPresent():
                with self._change():
                    self._failure, self._reader_state = None, ReaderState("reading")
            case KeyNeeded():
                self._show_reader(ReaderState("key"))
            case Progress():
                self._show_reader(ReaderState("reading"))
            case DocumentRead(raw):
                self._finish_reading(self._take_document(lambda: parse_document(raw)))
            case DocumentFailed(error):
                self._finish_reading(error.code)

    def _take_document(self, understand: Callable[[], IdentityDocument]) -> str | None:
        """Let a guest wait for their room. Return why not, or None."""
        try:
            self._add_document(understand())
        except (NotTaken, NotSaved, ReaderError) as error:
            return error.code
        except InvalidDocument as error:
            return code_of(error)
        except Exception as error:
            # The class alone: its text may quote the document.
            structlog.get_logger().error("document not understood", error=type(error).__name__)
            return ProblemCode.INVALID_DOCUMENT
        return None

    def _add_document(self, document: IdentityDocument, kept: Collection[str] = (), adult: str = "") -> str:
        book, now = self._desk.book, self._desk.clock.now()
        guest = book.take_document(document, now, kept)
        if self._desk.has_registered(guest):
            raise NotTaken(ProblemCode.ALREADY_IN_HOUSE)
        with self._changed:
            return self._pending.add(guest, document, book.find_today(now), adult)

    def _finish_reading(self, failure: str | None) -> None:
        with self._change():
            self._failure, self._reader_state = failure, ReaderState("lift")

    def _show_reader(self, state: ReaderState) -> None:
        with self._change():
            self._reader_state = state

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._changed:
            yield
            self._version += 1
            self._changed.notify_all()
