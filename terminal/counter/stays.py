"""What is done with stays: each commits its event first, and only then tells screen and uploader."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

import structlog

from records.errors import RecordsError
from terminal.codes import ProblemCode
from terminal.counter.arrivals import Arrivals
from terminal.counter.board import Board
from terminal.desk import Desk
from terminal.errors import NotSaved, NotSealed, NotTaken
from terminal.pending import CheckInDone, note_guardian
from terminal.refusing import as_counter_error
from terminal.service_desk import ServiceDesk
from terminal.showing import can_undo
from terminal.state import CancelReason, CheckedIn
from terminal.typed.draft import TypedField
from terminal.typed.guardians import make_guardian

# Answers to a second touch on the same button.
REMEMBERED = 50


class StayActs:
    """The acts of the counter upon stays. Every method may be called from any thread."""

    def __init__(
        self,
        desk: Desk,
        arrivals: Arrivals,
        board: Board,
        on_saved: Callable[[], None],
        service: ServiceDesk | None = None,
    ) -> None:
        self._desk, self._arrivals, self._board = desk, arrivals, board
        self._on_saved, self._service = on_saved, service
        # A second touch waits here until the first one is saved, and gets its answer.
        self._registering = threading.Lock()
        self._done: OrderedDict[str, CheckInDone] = OrderedDict()

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
            waiting = self._arrivals.require(pending)
            if waiting.adult and not self._desk.has_adult(waiting.adult):
                raise NotTaken(ProblemCode.NO_ADULT)
            if guardian is not None:
                waiting = note_guardian(waiting, make_guardian(guardian))
            told = self._service.complete(waiting.guest, room, nights, beside, answers) if self._service else None
            done = self._desk.check_in(waiting.guest, room, nights, answers=told, beside=beside)
            self._done[pending] = CheckInDone(done, waiting)
            while len(self._done) > REMEMBERED:
                self._done.popitem(last=False)
            self._arrivals.remove(pending)
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
            pending = self._arrivals.put_back(done.guest)
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
            waiting = self._arrivals.require(pending) if pending is not None else None
            self._desk.correct(
                stay,
                guest=waiting.guest if waiting else None,
                guardian=make_guardian(guardian) if guardian is not None else None,
                room=room,
                departure=departure,
            )
            if waiting is not None:
                self._arrivals.remove(waiting.shown.id)

    def cancel(self, stay: str, reason: CancelReason) -> None:
        """Register that a stay did not take place. Raises: CounterError."""
        with self.saving():
            self._desk.cancel(stay)
        # The record has no place for it, and needs none: that the stay was not is all it says.
        structlog.get_logger().info("stay cancelled", reason=reason)

    def check_out(self, stays: list[str]) -> None:
        """Check out one or several stays, all or none. Raises: CounterError."""
        with self.saving():
            self._desk.check_out(stays)

    def send_again(self, stay: str) -> None:
        """Send again what was refused of a stay, sealed anew. Raises: CounterError."""
        with self.saving():
            self._desk.send_again(stay)

    def seal_again(self) -> None:
        """Seal what waits for another root file, and check-outs that waited for their names."""
        try:
            if self._desk.seal_again() + self._desk.seal_check_outs():
                self._on_saved()
        except (NotSaved, NotSealed, RecordsError) as error:
            # They stay refused, in sight of a person; everything else goes on.
            structlog.get_logger().warning("not sealed again", error=type(error).__name__)

    def forget_gone(self) -> None:
        """Drop from memory what has left the house store. Raises: CounterError."""
        with self._registering, as_counter_error():
            present = self._desk.forget_gone()
            for pending, done in list(self._done.items()):
                if done.answer.stay not in present:
                    del self._done[pending]  # it holds the slip key

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Do what commits an event of a stay, then tell screen and uploader."""
        with self._registering, as_counter_error():
            yield
        self._board.note_change()
        self._on_saved()
