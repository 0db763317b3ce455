"""Guests who wait for a room: documents that were read, scanned or typed become `Pending`, and are put aside."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace

import structlog

from drivers.errors import ReaderError
from drivers.mrz_document import ScannedDocument, understand_scan
from drivers.reader import Face, KeyedReader, Reader
from records.documents import DocumentKind, IdentityDocument
from records.errors import InvalidDocument
from terminal.codes import ProblemCode
from terminal.counter.board import Board
from terminal.desk import Desk
from terminal.errors import NotSaved, NotTaken
from terminal.faces import WaitingFaces
from terminal.guest_book import code_of
from terminal.pending import Pending, PendingGuests
from terminal.refusing import as_counter_error, find_key_fault
from terminal.state import PendingGuest
from terminal.typed.check import check_draft, list_kept, make_document
from terminal.typed.draft import Finding, TypedDraft


class Arrivals:
    """The guests who wait, oldest first. Every method may be called from any thread."""

    def __init__(self, desk: Desk, reader: Reader, board: Board) -> None:
        self._desk, self._reader, self._board = desk, reader, board
        self._pending = PendingGuests()
        self._faces = WaitingFaces(desk.clock.boottime_s)

    def show_all(self) -> tuple[PendingGuest, ...]:
        """Return what the screen shows, oldest first."""
        with self._board.look():
            waiting = self._pending.show_all()
            return tuple(replace(each, has_face=self._faces.find(each.id) is not None) for each in waiting)

    def find_face(self, pending: str) -> Face | None:
        """Return the face of a guest who waits, None where there is none."""
        with self._board.look():
            return self._faces.find(pending)

    def require(self, pending: str) -> Pending:
        """Return a guest who waits. Raises: NotTaken(NO_SUCH_GUEST)."""
        with self._board.look():
            waiting = self._pending.find(pending)
        if waiting is None:
            raise NotTaken(ProblemCode.NO_SUCH_GUEST)
        return waiting

    def remove(self, pending: str) -> None:
        """Let a guest wait no longer, if they still do."""
        with self._board.change():
            self._pending.remove(pending)
            self._faces.keep_only([each.id for each in self._pending.show_all()])

    def put_back(self, guest: Pending) -> str:
        """Let a guest wait again, before all others. Return their new id, "" where too many wait already."""
        with self._board.change(), suppress(NotTaken):  # the card can be read again
            return self._pending.put_back(guest)
        return ""

    def scan(self, text: str) -> None:
        """Take the printed lines of a document, as a scanner typed them; they open the chip that waits for them."""
        if isinstance(self._reader, KeyedReader) and self._reader.awaits_key:
            if fault := find_key_fault(self._reader, text):
                self._board.show_failure(fault)
            return
        today = self._desk.book.find_today(self._desk.clock.now())
        self._board.show_failure(self.take_document(lambda: understand_scan(text, today)))

    def give_key(self, key: str) -> None:
        """Give the chip that waits its key. Raises: CounterError."""
        with as_counter_error():
            if not isinstance(self._reader, KeyedReader) or not self._reader.awaits_key:
                raise NotTaken(ProblemCode.NO_CHIP_WAITS)
            if find_key_fault(self._reader, key):
                raise NotTaken(ProblemCode.KEY_INCOMPLETE)

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
            pending = self._add(document, list_kept(draft), draft.adult)
        self._board.show_failure(None)
        return pending

    def take_document(self, understand: Callable[[], ScannedDocument], face: Face | None = None) -> str | None:
        """Let a guest wait for their room, with the face to compare them with.

        Return why not, or what to compare, or None.
        """
        try:
            scan = understand()
            self._add(scan.document, face=face)
        except (NotTaken, NotSaved, ReaderError) as error:
            return error.code
        except InvalidDocument as error:
            return code_of(error)
        except Exception as error:
            # The class alone: its text may quote the document.
            structlog.get_logger().error("document not understood", error=type(error).__name__)
            return ProblemCode.INVALID_DOCUMENT
        return ProblemCode.NUMBER_REPAIRED if scan.is_number_repaired else None

    def _add(
        self, document: IdentityDocument, kept: Collection[str] = (), adult: str = "", face: Face | None = None
    ) -> str:
        book, now = self._desk.book, self._desk.clock.now()
        guest = book.take_document(document, now, kept)
        if self._desk.has_registered(guest):
            raise NotTaken(ProblemCode.ALREADY_IN_HOUSE)
        with self._board.look():
            pending = self._pending.add(guest, document, book.find_today(now), adult)
            self._faces.put(pending, face)
            return pending
