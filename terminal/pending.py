"""Documents that were read and wait for their room: in memory only, and never many."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import date

from records.documents import IdentityDocument
from records.stays import Guardian, Guest
from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.guest_book import is_minor, is_same_person
from terminal.state import CheckedIn, PendingGuest

MAX_PENDING = 20


@dataclass(frozen=True, slots=True)
class Pending:
    """One guest who waits, and what the screen shows of them."""

    guest: Guest = field(repr=False)
    shown: PendingGuest = field(repr=False)
    adult: str = ""  # stay of the adult beside a guest without a document


@dataclass(frozen=True, slots=True)
class CheckInDone:
    """A check-in that is committed, and who it was."""

    answer: CheckedIn = field(repr=False)
    guest: Pending = field(repr=False)


class PendingGuests:
    """The guests who wait, oldest first. The caller holds the lock."""

    def __init__(self) -> None:
        self._waiting: dict[str, Pending] = {}

    def add(self, guest: Guest, document: IdentityDocument, today: date, adult: str = "") -> str:
        """Let a guest wait; a document that was read twice waits once. Return their id.

        Raises: NotTaken(TOO_MANY_PENDING).
        """
        for waiting in self._waiting.values():
            if is_same_person(waiting.guest, guest):
                return waiting.shown.id
        if len(self._waiting) >= MAX_PENDING:
            raise NotTaken(ProblemCode.TOO_MANY_PENDING)
        shown = _show_guest(guest, document, today)
        self._waiting[shown.id] = Pending(guest, shown, adult)
        return shown.id

    def put_back(self, pending: Pending) -> str:
        """Let a guest wait again, before all others. Return their new id. Raises: NotTaken(TOO_MANY_PENDING)."""
        for waiting in self._waiting.values():
            if is_same_person(waiting.guest, pending.guest):
                return waiting.shown.id
        if len(self._waiting) >= MAX_PENDING:
            raise NotTaken(ProblemCode.TOO_MANY_PENDING)
        shown = replace(pending.shown, id=secrets.token_hex(16))
        self._waiting = {shown.id: replace(pending, shown=shown), **self._waiting}
        return shown.id

    def find(self, pending: str) -> Pending | None:
        """Return a guest who waits, or None."""
        return self._waiting.get(pending)

    def remove(self, pending: str) -> None:
        """Forget a guest, if they still wait."""
        self._waiting.pop(pending, None)

    def show_all(self) -> tuple[PendingGuest, ...]:
        """Return what the screen shows, oldest first."""
        return tuple(each.shown for each in self._waiting.values())


def note_guardian(pending: Pending, guardian: Guardian) -> Pending:
    """Return a guest who waits together with who can be reached about them."""
    guest = replace(pending.guest, guardian=guardian)
    return replace(pending, guest=guest, shown=replace(pending.shown, guardian=guardian))


def _show_guest(guest: Guest, document: IdentityDocument, today: date) -> PendingGuest:
    return PendingGuest(
        id=secrets.token_hex(16),
        name=guest.names[0].text,
        number=guest.document.number,
        birth_date=guest.birth_date,
        sex=guest.sex,
        nationality=guest.nationality,
        document_kind=guest.document.kind,
        how_read=guest.document.how_read,
        is_minor=is_minor(guest.birth_date, today),
        valid_until=document.valid_until,
        chip=document.chip,
        typed=guest.document.typed,
    )
