"""The counter: ties reader, desk and outbox together for the screen (`terminal.state.CounterService`)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from drivers.errors import ReaderError
from drivers.parse import parse_document
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    KeyNeeded,
    Progress,
    RawDocument,
    Reader,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)
from records.errors import InvalidDocument, RecordsError
from records.slip import Slip
from terminal.codes import ProblemCode
from terminal.desk import Desk
from terminal.errors import NotSaved, NotSealed, NotTaken
from terminal.guest_book import code_of
from terminal.pending import PendingGuests
from terminal.state import (
    CheckedIn,
    CounterError,
    CounterState,
    Delivery,
    GuestInHouse,
    QueueState,
    ReaderState,
)
from terminal.store import HouseRow, StayDelivery
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
        on_saved: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk, self._reader = desk, reader
        self._find_upload_status, self._on_saved = find_upload_status, on_saved
        self._changed = threading.Condition()
        self._version = 1
        self._is_closing = False
        self._pending = PendingGuests()
        self._failure: str | None = None
        self._reader_state = ReaderState("down")
        # A second touch waits here until the first one is saved, and gets its answer.
        self._registering = threading.Lock()
        self._done: OrderedDict[str, CheckedIn] = OrderedDict()
        self._thread = threading.Thread(target=self._read, name="reader", daemon=True)

    def start(self) -> None:
        """Open what is in house and begin to listen to the reader."""
        with _as_counter_error():
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
        with self._registering, _as_counter_error():
            present = self._desk.forget_gone()
            for pending, done in list(self._done.items()):
                if done.stay not in present:
                    del self._done[pending]  # it holds the slip key
        with self._change():
            pass

    def is_reader_ready(self) -> bool:
        """Tell whether the reader works; it may be reading at the moment."""
        with self._changed:
            return self._reader_state.state != "down"

    def state(self) -> CounterState:
        """Return the present state."""
        book = self._desk.book
        with _as_counter_error():
            with self._changed:
                # Read first: what changes while the rest is collected shows as a newer version.
                version, failure, reader = self._version, self._failure, self._reader_state
                pending = self._pending.show_all()
            deliveries = self._desk.outbox.list_deliveries()
            house = [(row, _show_stay(row, name, deliveries.get(row.stay))) for row, name in self._desk.list_house()]
            queue = self._show_queue()
        return CounterState(
            version=version,
            venue=book.venue.name,
            is_demonstration=book.jurisdiction.root.is_demonstration,
            reader=reader,
            pending=pending,
            failure=failure,
            rooms=book.rooms,
            house=tuple(shown for row, shown in house if row.departed_at is None),
            departed_waiting=tuple(shown for row, shown in house if row.departed_at is not None),
            queue=queue,
            today=book.find_today(self._desk.clock.now()),
            max_nights=self._desk.max_nights,
        )

    def wait_for_change(self, version: int, timeout_s: float) -> int:
        """Return the present version, as soon as it differs from `version` or after the time-out."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version or self._is_closing, timeout_s)
            return self._version

    def check_in(self, pending: str, room: str, nights: int) -> CheckedIn:
        """Register a pending guest, once: a second touch gets the same answer. Raises: CounterError."""
        with self._registering, _as_counter_error():
            if pending in self._done:
                return self._done[pending]
            with self._changed:
                waiting = self._pending.find(pending)
            if waiting is None:
                raise NotTaken(ProblemCode.NO_SUCH_GUEST)
            done = self._desk.check_in(waiting.guest, room, nights)
            self._done[pending] = done
            while len(self._done) > REMEMBERED:
                self._done.popitem(last=False)
            with self._change():
                self._pending.remove(pending)
        self._on_saved()
        return done

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
        with _as_counter_error():
            self._desk.check_out(stays)
        with self._change():
            pass
        self._on_saved()

    def slip(self, stay: str) -> Slip:
        """Return the slip of a stay that is still kept here. Raises: CounterError."""
        with _as_counter_error():
            return self._desk.find_slip(stay)

    def notice(self) -> dict[str, dict[str, str]]:
        """Return the profile's texts for guests, by language."""
        profile = self._desk.book.jurisdiction.profile
        days = str(profile.retention_days)
        return {
            "name": profile.name,
            "law": profile.law,
            "authority": profile.authority,
            "redress": profile.redress,
            "retention_days": {"zh": days, "en": days},
        }

    def _seal_again(self) -> None:
        try:
            if self._desk.seal_again():
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
            case KeyNeeded() | Progress():
                pass
            case DocumentRead(raw):
                self._finish_reading(self._take_document(raw))
            case DocumentFailed(error):
                self._finish_reading(error.code)

    def _take_document(self, raw: RawDocument) -> str | None:
        """Let a guest wait for their room. Return why not, or None."""
        book, now = self._desk.book, self._desk.clock.now()
        try:
            document = parse_document(raw)
            guest = book.take_document(document, now)
            if self._desk.is_in_house(guest):
                return ProblemCode.ALREADY_IN_HOUSE
            with self._changed:
                self._pending.add(guest, document, book.find_today(now))
        except (NotTaken, NotSaved) as error:
            return error.code
        except ReaderError as error:
            return error.code
        except InvalidDocument as error:
            return code_of(error)
        except Exception as error:
            # The class alone: its text may quote the document.
            structlog.get_logger().error("document not understood", error=type(error).__name__)
            return ProblemCode.INVALID_DOCUMENT
        return None

    def _finish_reading(self, failure: str | None) -> None:
        with self._change():
            self._failure, self._reader_state = failure, ReaderState("lift")

    def _show_reader(self, state: ReaderState) -> None:
        with self._change():
            self._reader_state = state

    def _show_queue(self) -> QueueState:
        figures, status = self._desk.outbox.measure_queue(), self._find_upload_status()
        return QueueState(
            waiting=figures.waiting,
            oldest_s=figures.oldest_s,
            online=status.online,
            last_receipt_at=self._desk.outbox.find_last_receipt(),
            problem=status.problem,
        )

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._changed:
            yield
            self._version += 1
            self._changed.notify_all()


@contextmanager
def _as_counter_error() -> Iterator[None]:
    try:
        yield
    except (NotTaken, NotSaved) as error:
        raise CounterError(error.code) from None
    except NotSealed:
        raise CounterError(ProblemCode.NOT_SAVED) from None


def _show_stay(row: HouseRow, name: str | None, delivery: StayDelivery | None) -> GuestInHouse:
    far = delivery or StayDelivery(Delivery.RECEIVED)
    return GuestInHouse(
        stay=row.stay,
        number=row.number,
        room=row.room,
        name=name,
        arrived_at=row.arrived_at,
        planned_departure=row.planned_departure,
        delivery=far.delivery,
        acknowledgement=row.acknowledgement,
        refusal=far.refusal,
    )
