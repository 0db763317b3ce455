"""What the screen shows, and what it may ask for: the seam between `counter` and `screen`.

Everything here lives in memory only. Reasons are stable codes; `screen` has their words in each language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from drivers.reader import Face
from records.documents import Typing
from records.slip import Slip
from records.stays import Guardian
from terminal.service_state import ServiceState
from terminal.typed.draft import NOTHING_TYPED, Finding, TypedDraft, TypedField, TypingRules


class Delivery(StrEnum):
    """How far the latest event of a stay has come. SAVED and RECEIVED are never confused."""

    SAVED = "saved"  # committed to disk here, will be sent
    RECEIVED = "received"  # the registration service's signed receipt is here
    REFUSED = "refused"  # a signed refusal, or a receiving service's: somebody has to look
    UNVERIFIED = "unverified"  # told to a receiving service, and nobody knows whether it arrived: somebody has to look
    PENDING = "pending"  # a receiving service has it and has not decided
    HANDED_IN = "handed_in"  # by a person, in place of the line
    NOT_DUE = "not_due"  # the law of the place does not ask for this guest


class CounterError(Exception):
    """What was asked for cannot be done. `code` names the reason; the screen has the words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class PendingGuest:
    """A document that was read and waits for its room."""

    id: str  # random, new for each reading
    name: str = field(repr=False)
    number: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: str = field(repr=False)  # GB/T 2261.1 code
    nationality: str = field(repr=False)
    document_kind: str
    how_read: str
    is_minor: bool
    valid_until: date | None = field(repr=False)
    chip: str = ""  # verified, not_verified or failed
    typed: Typing | None = None
    guardian: Guardian | None = field(default=None, repr=False)
    has_face: bool = False  # to be compared by eye; `CounterService.face` has it


@dataclass(frozen=True, slots=True)
class GuestInHouse:
    """One stay of somebody in house. `name` is None while the house store cannot be opened."""

    stay: str  # stay id, 32 hexadecimal digits
    number: int  # small running number, shown beside the room
    room: str
    name: str | None = field(repr=False)
    arrived_at: datetime
    planned_departure: date
    delivery: Delivery
    acknowledgement: str | None  # of the check-in, once received
    refusal: str | None = None  # code of RefusalReason in lower case
    latest_departure: date = date.max  # the last day that may be planned
    can_undo: bool = False  # registered less than a minute ago
    is_cancelled: bool = False  # the stay did not take place
    forget_on: date | None = None  # overdue: from this day on the stay leaves the list by itself
    is_typed: bool = False
    is_minor: bool = False
    guardian: Guardian | None = field(default=None, repr=False)
    receipt: str = ""  # text of the check-in's signed receipt (records.receipt_text), once received
    received_at: datetime | None = None  # the time in that receipt


@dataclass(frozen=True, slots=True)
class LeftProof:
    """What proves a registration of somebody who has left: numbers and times, and nothing of the guest."""

    acknowledgement: str
    receipt: str  # text of the signed receipt (records.receipt_text)
    registered_at: datetime
    received_at: datetime
    generation: int
    sequence: int


@dataclass(frozen=True, slots=True)
class ReaderState:
    """The reader's state: "ready", "reading", "down", "key" (the chip waits for the printed lines of its document),
    "lift" (the card that was read still lies there).
    """

    state: str
    problem: str | None = None  # code of the reader error, None when all is well


@dataclass(frozen=True, slots=True)
class QueueState:
    """The outbox at a glance."""

    waiting: int
    oldest_s: int  # age of the oldest waiting envelope
    online: bool  # the last attempt reached the registration service
    last_receipt_at: datetime | None
    problem: str | None = None  # e.g. "unknown_terminal", "terminal_revoked", "disk_full"
    abandoned: int = 0  # refused, and the guest is no longer here: only an administrator can tell what it was
    offline_since: datetime | None = None  # the first of the attempts in a row that reached nobody


@dataclass(frozen=True, slots=True)
class HouseLock:
    """Whether the names of guests in house can be read."""

    is_locked: bool = False
    problem: str | None = None  # why central's share is not here, e.g. "unreachable", "terminal_revoked"
    can_make_card: bool = False  # False also until central's share has come for the first time
    card_made_at: datetime | None = None  # the recovery card that is good now; None: there is none


@dataclass(frozen=True, slots=True)
class KeyDamage:
    """A key file that was found damaged and set aside, and nobody has read of it yet."""

    loss: str  # terminal.store.KeyLoss: what it means
    at: datetime


@dataclass(frozen=True, slots=True)
class MachineState:
    """What of the machine itself somebody must know; as it comes, nothing is amiss."""

    nearly_full_mib: int | None = None  # free disk space, where it is scarce
    clock_off_s: int | None = None  # this machine's clock less the true time, where it is known to be wrong
    clock_jump_s: int = 0  # somebody set the clock by so much, and nobody has looked at it since
    root_ended_at: datetime | None = None  # since then the root file is out of date
    set_aside_at: datetime | None = None  # the file of guests was damaged and set aside, and nobody has read so
    key_damages: tuple[KeyDamage, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice that central has signed and nobody at the counter has read yet. The screen has the words."""

    number: int
    kind: str  # of records.service_notice.NoticeKind, in lower case
    field: str  # of NoticeField, "none" where it names none
    issued_at: datetime
    moment: datetime | None
    minutes: int
    is_of_record: bool
    stay: str = ""  # the stay whose record it names, where that is in house and can be read


@dataclass(frozen=True, slots=True)
class CounterState:
    """Everything the screen draws, as of `version` (counts up with each change)."""

    version: int
    venue: str
    is_demonstration: bool
    reader: ReaderState
    pending: tuple[PendingGuest, ...]  # oldest first; the next card can lie there before the last is finished
    failure: str | None  # why the last document was not read or not taken; cleared by the next one or by dismiss()
    rooms: tuple[str, ...]
    house: tuple[GuestInHouse, ...]
    departed_waiting: tuple[GuestInHouse, ...]  # checked out or cancelled, not everything receipted yet
    queue: QueueState
    today: date  # local date of the venue
    max_nights: int
    lock: HouseLock = HouseLock()
    typing: TypingRules = NOTHING_TYPED
    machine: MachineState = MachineState()
    service: ServiceState | None = None  # where a receiving service is told in place of central
    notices: tuple[ShownNotice, ...] = ()  # oldest first


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """A check-in that is committed to disk; only now the screen turns green."""

    stay: str
    number: int
    slip: Slip | None  # None where there is no page that shows the guest their record


class CancelReason(StrEnum):
    """Why a registration is cancelled. It is not part of the record; the terminal's log has it."""

    NOT_STAYED = "not_stayed"  # the guest came and went without staying
    MISTAKE = "mistake"  # registered by mistake, or twice


class CounterService(Protocol):
    """What the screen may ask of the counter. Every method may raise CounterError."""

    def state(self) -> CounterState:
        """Return the present state."""

    def wait_for_change(self, version: int, timeout_s: float) -> int:
        """Return the present version, as soon as it differs from `version` or after the time-out."""

    def scan(self, text: str) -> None:
        """Take what a scanner typed from a document's printed lines: a guest waits, or `failure` says why not."""

    def give_key(self, key: str) -> None:
        """Give the chip that waits its key, see `KeyedReader.give_key`. Codes: key_incomplete, no_chip_waits."""

    def face(self, pending: str) -> Face | None:
        """Return the face from a pending guest's document, None for who has none, or no longer waits."""

    def check_typed(self, draft: TypedDraft) -> tuple[Finding, ...]:
        """Return what is to be said of a form as it stands. Codes: kind_not_allowed."""

    def take_typed(self, draft: TypedDraft) -> str:
        """Let the guest of a typed document wait for a room. Return the id of the pending guest.

        Codes: typed_incomplete, no_adult, kind_not_allowed, not_a_specimen, already_in_house, too_many_pending…
        """

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
        """Register a pending guest; `guardian` as typed, where the guest is a minor.

        `answers` are those to `ServiceCounter.ask`, `beside` the stay of somebody of the same booking.

        Codes: no_such_guest, no_such_room, too_many_nights, typed_incomplete, guardian_needed, no_adult, disk_full…
        """

    def discard(self, pending: str) -> None:
        """Put a pending guest aside without registering anything."""

    def dismiss(self) -> None:
        """Clear `failure`."""

    def accept_notice(self) -> None:
        """Take note that somebody has read what the machine said of its clock and of a file that was set aside."""

    def see_notice(self, number: int) -> None:
        """Take note that somebody has read a notice by central. Codes: disk_full…"""

    def undo(self, stay: str) -> str:
        """Cancel a check-in of less than a minute ago, and let its guest wait for a room again.

        Return the id of the pending guest, "" where too many wait already. Codes: no_such_stay, too_late_to_undo.
        """

    def move(self, stay: str, room: str) -> None:
        """Move a guest to another room. Codes: no_such_stay, house_locked, no_such_room, same_room, disk_full…"""

    def extend(self, stay: str, departure: date) -> None:
        """Let a guest stay longer. Codes: no_such_stay, house_locked, not_later, stay_too_long, disk_full…"""

    def correct(
        self,
        stay: str,
        *,
        pending: str | None = None,
        guardian: Mapping[TypedField, str] | None = None,
        room: str | None = None,
        departure: date | None = None,
    ) -> None:
        """Replace a wrong fact: the document by that of a pending guest, the guardian, the room, the departure.

        Codes: no_such_stay, house_locked, no_such_guest, already_in_house, guardian_needed, typed_incomplete,
        no_such_room, too_few_nights, stay_too_long, nothing_to_correct, disk_full…
        """

    def cancel(self, stay: str, reason: CancelReason) -> None:
        """Register that the stay did not take place. Codes: no_such_stay, house_locked, disk_full…"""

    def send_again(self, stay: str) -> None:
        """Send what was refused of a stay once more. Codes: no_such_stay, house_locked, disk_full…"""

    def check_out(self, stays: list[str]) -> None:
        """Check out one or several stays. Codes: no_such_stay."""

    def slip(self, stay: str) -> Slip | None:
        """Return the slip of a stay in house, to show or print it again; None where it leads nowhere."""

    def left_days(self) -> tuple[tuple[date, int], ...]:
        """Return the days of which receipts of guests who have left are kept, newest first, and how many."""

    def left_proofs(self, day: date) -> tuple[LeftProof, ...]:
        """Return those receipts of one day."""

    def unlock(self, groups: list[str]) -> None:
        """Open the list of guests in house with a recovery card's groups. Codes: card_mistyped, card_refused."""

    def make_card(self) -> None:
        """Make a recovery card, to be shown once by `take_card`; earlier ones end. Codes: no_card_yet, disk_full…"""

    def take_card(self) -> tuple[str, ...]:
        """Return the groups of the card just made, once and within three minutes; () otherwise."""

    def notice(self) -> dict[str, dict[str, str]]:
        """Return the profile's texts for guests: name, law, authority, redress, each {zh, en}; retention_days."""
