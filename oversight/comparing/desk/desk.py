"""The desk itself: the permit in force, its key in memory alone, and what may be evaluated under it.

It sees neither a number nor a terminal nor a house: from the relay come blinded elements under a handle, from the
office decisions that oversight has countersigned. Without a permit that a person issued, it evaluates nothing.
"""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import NoReturn

import structlog

from oversight.comparing.desk.counts import Counted, DeskBook
from oversight.comparing.desk.day import Day, Standing
from oversight.comparing.errors import NEEDS_TWO, OTHERWISE_NOW, DeskRefuses, NeedsTwo, OtherwiseNow
from records.comparing import oprf, tags
from records.comparing.annex import Annex
from records.comparing.decisions import Decision, load_decision
from records.comparing.desk_memory import Mark, Remembered
from records.comparing.lists import DecisionList, build_tree, check_leaves, load_list
from records.comparing.permits import (
    MAX_VALIDITY,
    Permit,
    Stop,
    check_permit,
    draft_permit,
    load_permit,
    load_stop,
    sign_stop,
)
from records.errors import MalformedBytes, RecordsError
from records.notes import NoteSigner, add_signature, split_note
from records.suite import ID_BYTES

_HEAD = struct.Struct(f">{ID_BYTES}sI")
BATCH_BYTES = _HEAD.size + tags.TAGS * oprf.ELEMENT_BYTES
MOST_REPEATS = 3
MOST_DECISIONS_AT_ONCE = 200
# One stops at once; going on is the powerful act.
PEOPLE_TO_GO_ON = 2
# Who countersigns so much later has the figures of another hour before them.
DRAFT_LASTS = timedelta(minutes=30)

log = structlog.get_logger()


class Status(IntEnum):
    """How the desk refuses, as HTTP says it."""

    MALFORMED = 400
    FORBIDDEN = 403
    NO_PERMIT = 409
    TOO_MANY = 429


class Refused(Exception):
    """The desk does not evaluate this."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class EvaluatedDecision:
    """A decision's leaf, and the outputs of its numbers' strings: document by document, in the order of `slips`."""

    leaf: bytes
    outputs: tuple[bytes, ...] = field(repr=False)


class Desk:
    """All of the desk's state. Safe to use from several threads."""

    def __init__(self, annex: Annex, signer: NoteSigner, book: DeskBook, clock: Callable[[], datetime]) -> None:
        """Begin without a permit; what an earlier desk had permitted is stopped, since its key is gone.

        Raises: DeskRefuses for a permit key that is not the annex's.
        """
        if signer.verifier != annex.permit_key:
            raise DeskRefuses("its permit key is not the annex's")
        self._annex, self._signer, self._book, self._clock = annex, signer, book, clock
        self._lock = threading.Lock()
        self._day: Day | None = None
        self._drafted: Day | None = None
        last = self._load_last()
        if last is not None and not book.last.stop:
            self._sign_stop(last.number, by_person=False)

    def draft(
        self, list_note: str, leaves: Collection[bytes], validity: timedelta, max_comparisons: int,
        agreed: Collection[str] = (), acts: int | None = None,
    ) -> str:  # fmt: skip
        """Draft a permit from now on, and return its text, which the holder of the list key is to sign.

        Nothing is permitted by it; the draft before is dropped. `agreed` are those who agree (`_require_people`), and
        `acts` how many permits and stops there were when they did. Raises: DeskRefuses saying why: list older than one
        before, leaves that are not the list's, limits; NeedsTwo; OtherwiseNow.
        """
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        with self._lock:
            self._require_annex(now)
            made, found = self._load_list(list_note, leaves)
            self._require_people(agreed, acts)
            secret = oprf.make_secret()
            until = min(now + min(validity, MAX_VALIDITY), self._annex.valid_until)
            permit = Permit(
                made.jurisdiction, self._book.take_permit_number(), now, until, made.number, made.root, made.count,
                oprf.public(secret), max_comparisons,
            )  # fmt: skip
            try:
                check_permit(permit, self._annex)
            except MalformedBytes as error:
                raise DeskRefuses(error.field) from None
            self._drop_draft()
            self._drafted = Day(permit, bytearray(secret), found)
        return draft_permit(permit)

    def permit(self, countersigned: str) -> Permit:
        """Issue the permit that was drafted last; the one before it ends, and its key is gone.

        Raises: DeskRefuses for any other text, for one that the list key has not signed, and half an hour later.
        """
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        with self._lock:
            day = self._drafted
            if day is None or not day.permit.is_in_force(now) or now - day.permit.valid_from > DRAFT_LASTS:
                raise DeskRefuses("there is no draft of a permit, or it is too old")
            note = self._complete(countersigned, day.permit)
            self._drafted = None
            self._end_day()
            self._book.keep_permit(note, day.permit.list_number)
            self._book.count(Counted.PERMITS, now.date())
            self._book.write()
            self._day = day
        return day.permit

    def stop(self) -> Stop:
        """End comparison now; after it two people go on. Raises: DeskRefuses when there is nothing to end."""
        with self._lock:
            # First the key, then the paper: whatever happens between, nothing is evaluated.
            self._end_day()
            last = self._load_last()
            if last is None or self._book.is_stopped_by_person:
                self._book.write()  # of a stop that could not be written down then
                raise DeskRefuses("there is no permit in force")
            if self._book.last.stop:
                # The desk began anew a moment before. Whoever pressed it meant it: nobody goes on alone.
                self._book.keep_stop(self._book.last.stop, by_person=True)
                return load_stop(self._book.last.stop, self._annex)
            return self._sign_stop(last.number, by_person=True)

    def read_standing(self) -> Standing:
        """Return what is permitted now, for oversight itself."""
        with self._lock:
            self._expire()
            last, day, today = self._book.last, self._day, self._clock().astimezone(UTC).date()
            return Standing(
                last.permit, last.stop, day is not None, len(day.handles) if day is not None else 0,
                self._book.read(Counted.EVALUATED, today), self._book.newest_list, self._book.mark.acts,
                self._book.is_stopped_by_person, self._book.is_put_back,
            )  # fmt: skip

    def read_state(self) -> tuple[str, str]:
        """Return the notes of the newest permit, while its time runs, and of its stop; "" where there is none.

        A permit whose key is gone is never shown without its stop, also when a clock that had ended it is set back.
        """
        with self._lock:
            self._expire()
            is_running = self._load_last() is not None
            last = self._book.last
            return (last.permit, last.stop) if is_running and (self._day is not None or last.stop) else ("", "")

    def read_mark(self) -> Mark:
        """Return the mark of all permits and stops so far, for the relay to remember."""
        with self._lock:
            return self._book.mark

    def hear_relay(self, told: Remembered) -> bool:
        """Compare the book with what a relay remembers of it; False where the two do not fit.

        A book that is older, or another one, was put here: the day ends, and nobody goes on alone. The day's count is
        raised to the relay's, so that no old book opens the day's maximum again; not beyond that, whatever it says.
        """
        with self._lock:
            today = self._clock().astimezone(UTC).date()
            if not self._book.knows(told.mark):
                self._end_day()
                log.error("book_put_back", acts=self._book.mark.acts, remembered=told.mark.acts)
                self._book.count(Counted.PUT_BACK, today)
                self._book.go_on_from(told.mark)
                last = self._load_last()
                if last is not None and not self._book.last.stop:
                    self._sign_stop(last.number, by_person=True)
                return False
            if told.day == today.isoformat():
                self._book.raise_evaluated(today, min(told.evaluated, self._annex.max_comparisons_per_day))
            return True

    def evaluate(self, body: bytes) -> bytes:
        """Evaluate one batch blindly: handle, permit, 24 elements. Returns 24 elements and the proof.

        Each handle has one batch; the same bytes may come up to three times more. Raises: Refused.
        """
        if len(body) != BATCH_BYTES:
            self._refuse(Counted.MALFORMED, Status.MALFORMED)
        handle, number = _HEAD.unpack(body[: _HEAD.size])
        elements = tags.split_elements(body[_HEAD.size :])
        with self._lock:
            secret = self._admit(handle, number, hashlib.sha256(body).digest())
            day = self._day
        try:
            evaluated, proof = oprf.evaluate(secret, elements)
        except MalformedBytes:
            self._refuse(Counted.MALFORMED, Status.MALFORMED)
        self._require_same(day)
        return tags.join_elements(evaluated) + proof

    def evaluate_decisions(self, notes: Sequence[str]) -> list[EvaluatedDecision]:
        """Return the outputs of decisions that oversight countersigned and this permit covers, and of nothing else.

        One that is not covered refuses the whole question: an office that asks for more than it may is counted.
        Raises: Refused.
        """
        if len(notes) > MOST_DECISIONS_AT_ONCE:
            self._refuse(Counted.MALFORMED, Status.MALFORMED)
        now = self._clock()
        with self._lock:
            self._expire()
            day = self._day
            secret = bytes(day.secret) if day is not None else b""
        if day is None:
            self._refuse(Counted.NO_PERMIT, Status.NO_PERMIT)
        decisions = [self._load_covered(note, day, now) for note in notes]
        found = [EvaluatedDecision(each.leaf, _evaluate_openly(secret, each)) for each in decisions]
        self._require_same(day)
        with self._lock:
            self._book.count(Counted.LISTED, now.astimezone(UTC).date(), len(found))
        return found

    def list_counts(self) -> dict[str, dict[str, int]]:
        """Return all counts by day, for oversight."""
        with self._lock:
            return {day.isoformat(): counts for day, counts in self._book.list_days().items()}

    def count_stranger(self) -> None:
        """Count a question that was refused at the door."""
        with self._lock:
            self._count(Counted.STRANGER)

    def close(self) -> None:
        """End the day and write the counts. No stop is signed: a desk that begins again does."""
        with self._lock:
            self._end_day()
            self._book.close()

    def _require_same(self, day: Day | None) -> None:
        """Hand nothing out that was worked on while somebody stopped it. Raises: Refused."""
        with self._lock:
            if self._day is not day:
                raise Refused(Status.NO_PERMIT)

    def _admit(self, handle: bytes, number: int, digest: bytes) -> bytes:
        """Return the key, once this batch may be evaluated. Raises: Refused. Holds the lock."""
        self._expire()
        day, today = self._day, self._clock().astimezone(UTC).date()
        if day is None or day.permit.number != number:
            self._count(Counted.NO_PERMIT)
            raise Refused(Status.NO_PERMIT)
        known = day.handles.get(handle)
        if known is not None:
            self._admit_again(day, handle, known, digest)
            return bytes(day.secret)
        is_full = len(day.handles) >= day.permit.max_comparisons
        if is_full or self._book.read(Counted.EVALUATED, today) >= self._annex.max_comparisons_per_day:
            self._count(Counted.OVER_MAXIMUM)
            raise Refused(Status.TOO_MANY)
        self._count(Counted.EVALUATED)
        day.handles[handle] = (digest, 0)
        return bytes(day.secret)

    def _admit_again(self, day: Day, handle: bytes, known: tuple[bytes, int], digest: bytes) -> None:
        if known[0] != digest:
            # Another number under the same handle: somebody tries numbers.
            self._count(Counted.SECOND_BATCH)
            raise Refused(Status.TOO_MANY)
        if known[1] >= MOST_REPEATS:
            self._count(Counted.REPEATED_TOO_OFTEN)
            raise Refused(Status.TOO_MANY)
        self._count(Counted.REPEATED)
        day.handles[handle] = (digest, known[1] + 1)

    def _load_covered(self, note: str, day: Day, now: datetime) -> Decision:
        try:
            decision = load_decision(note, self._annex, now.astimezone(UTC).date())
        except RecordsError:
            self._refuse(Counted.NOT_LISTED, Status.FORBIDDEN)
        if decision.leaf not in day.leaves:
            self._refuse(Counted.NOT_LISTED, Status.FORBIDDEN)
        return decision

    def _load_list(self, note: str, leaves: Collection[bytes]) -> tuple[DecisionList, frozenset[bytes]]:
        try:
            made, tree = load_list(note, self._annex), build_tree(leaves)
            check_leaves(made, tree)
        except RecordsError as error:
            raise DeskRefuses(error.field or "list") from None
        if made.number < self._book.newest_list:
            raise DeskRefuses("a list older than one that was permitted before")
        return made, frozenset(tree.leaves)

    def _complete(self, countersigned: str, permit: Permit) -> str:
        """Return the note with the desk's signature as well. Raises: DeskRefuses. Holds the lock."""
        try:
            if split_note(countersigned)[0] != draft_permit(permit):
                raise DeskRefuses("this is not the permit that was drafted")
            note = add_signature(countersigned, self._signer)
            load_permit(note, self._annex)
        except RecordsError:
            raise DeskRefuses("the holder of the list key has not signed this permit") from None
        return note

    def _require_people(self, agreed: Collection[str], acts: int | None) -> None:
        """Check that enough people agree, and to what is the case now. Raises: NeedsTwo, OtherwiseNow. Holds the lock.

        After a person's stop two agree. The page names who agrees: one renews what is on, and two switch on what is
        off. The command names nobody; beside whoever gives it stands the holder of the list key.
        """
        self._expire()
        if acts is not None and acts != self._book.mark.acts:
            raise OtherwiseNow(OTHERWISE_NOW)
        is_off = self._day is None and bool(agreed)
        if (self._book.is_stopped_by_person or is_off) and len({each for each in agreed if each}) < PEOPLE_TO_GO_ON:
            raise NeedsTwo(NEEDS_TWO)

    def _require_annex(self, now: datetime) -> None:
        if not self._annex.valid_from <= now < self._annex.valid_until:
            raise DeskRefuses("the annex is not in force")

    def _load_last(self) -> Permit | None:
        """Return the newest permit while its time runs, stopped or not."""
        note = self._book.last.permit
        try:
            permit = load_permit(note, self._annex) if note else None
        except RecordsError:
            return None  # of another annex: whoever has this one does not believe it
        return permit if permit is not None and self._clock() < permit.valid_until else None

    def _sign_stop(self, number: int, *, by_person: bool) -> Stop:
        stop = Stop(self._annex.jurisdiction, number, self._clock().astimezone(UTC).replace(microsecond=0))
        self._book.keep_stop(sign_stop(stop, self._signer), by_person=by_person)
        self._count(Counted.STOPS)
        self._book.write()
        return stop

    def _expire(self) -> None:
        if self._day is not None and not self._day.permit.is_in_force(self._clock()):
            self._day.erase()
            self._day = None

    def _end_day(self) -> None:
        """End the permit in force, and drop the draft: it was made without what ends this one."""
        if self._day is not None:
            self._day.erase()
            self._day = None
        self._drop_draft()

    def _drop_draft(self) -> None:
        if self._drafted is not None:
            self._drafted.erase()
            self._drafted = None

    def _count(self, what: Counted) -> None:
        self._book.count(what, self._clock().astimezone(UTC).date())

    def _refuse(self, what: Counted, status: Status) -> NoReturn:
        with self._lock:
            self._count(what)
        raise Refused(status)


def _evaluate_openly(secret: bytes, decision: Decision) -> tuple[bytes, ...]:
    inputs = (value for each in decision.documents for value in tags.list_inputs(each.kind, each.number))
    return tuple(oprf.evaluate_openly(secret, value) for value in inputs)
