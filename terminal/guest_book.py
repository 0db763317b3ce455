"""Composing stays: what a document and a touch on a room become, and what is not allowed to become one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from records.documents import DocumentKind, IdentityDocument, check_document
from records.errors import InvalidDocument, InvalidStay, NotForDemonstration
from records.profile import MAX_NIGHTS, ProfileField
from records.specimens import require_specimen
from records.stays import EventKind, Guest, Stay, StayEvent, Venue, hold_document
from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.jurisdiction import Terms
from terminal.typed.draft import TypingRules

ADULT_YEARS = 18
_CODES = {
    "number": ProblemCode.INVALID_NUMBER,
    "birth_date": ProblemCode.INVALID_BIRTH_DATE,
    "sex": ProblemCode.INVALID_SEX,
    "names": ProblemCode.INVALID_NAMES,
    "valid_until": ProblemCode.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class GuestBook:
    """The rules of one house in one jurisdiction."""

    jurisdiction: Terms
    venue: Venue
    rooms: tuple[str, ...]
    zone: tzinfo | None = None  # None: the machine's own

    def find_today(self, now: datetime) -> date:
        """Return the venue's local date."""
        return now.astimezone(self.zone).date()

    def take_document(self, document: IdentityDocument, now: datetime, kept: Collection[str] = ()) -> Guest:
        """Return the guest a document is about; `kept` as in `check_document`. Raises: NotTaken."""
        try:
            if self.jurisdiction.is_demonstration:
                require_specimen(document)
            if document.kind not in self.jurisdiction.profile.document_kinds:
                raise NotTaken(ProblemCode.KIND_NOT_ALLOWED)
            check_document(document, self.find_today(now), kept)
        except NotForDemonstration:
            raise NotTaken(ProblemCode.NOT_A_SPECIMEN) from None
        except InvalidDocument as error:
            raise NotTaken(code_of(error)) from None
        with_address = ProfileField.ADDRESS in self.jurisdiction.profile.extra_fields
        return hold_document(document, with_address=with_address)

    def find_typing_rules(self) -> TypingRules:
        """Return what the profile asks of typed documents, and of minors."""
        profile = self.jurisdiction.profile
        kinds = tuple(kind.value for kind in DocumentKind if kind in profile.document_kinds)
        return TypingRules(
            kinds, ProfileField.ADDRESS in profile.extra_fields, ProfileField.GUARDIAN in profile.extra_fields
        )

    def require_guardian(self, guest: Guest, now: datetime) -> Guest:
        """Return the guest as a record may hold them: with a guardian where the profile demands one, and no other.

        Raises: NotTaken(GUARDIAN_NEEDED).
        """
        is_demanded = ProfileField.GUARDIAN in self.jurisdiction.profile.extra_fields
        if not is_demanded or not is_minor(guest.birth_date, self.find_today(now)):
            return replace(guest, guardian=None)
        if guest.guardian is None:
            raise NotTaken(ProblemCode.GUARDIAN_NEEDED)
        return guest

    def plan_stay(self, room: str, nights: int, now: datetime) -> Stay:
        """Return a stay that begins now. Raises: NotTaken."""
        if room not in self.rooms:
            raise NotTaken(ProblemCode.NO_SUCH_ROOM)
        if nights < 1:
            raise NotTaken(ProblemCode.TOO_FEW_NIGHTS)
        if nights > MAX_NIGHTS:
            raise NotTaken(ProblemCode.TOO_MANY_NIGHTS)
        arrived_at = now.replace(microsecond=0)
        return Stay(room, arrived_at, self.find_today(now) + timedelta(days=nights))

    def find_latest_departure(self, arrived_at: datetime) -> date:
        """Return the last day that may be planned for a stay: its nights are counted from the arrival."""
        return self.find_today(arrived_at) + timedelta(days=MAX_NIGHTS)

    def move_stay(self, stay: Stay, room: str) -> Stay:
        """Return the stay in another room. Raises: NotTaken."""
        if room not in self.rooms:
            raise NotTaken(ProblemCode.NO_SUCH_ROOM)
        if room == stay.room:
            raise NotTaken(ProblemCode.SAME_ROOM)
        return replace(stay, room=room)

    def extend_stay(self, stay: Stay, departure: date, now: datetime) -> Stay:
        """Return the stay with a later departure. Raises: NotTaken."""
        if departure > self.find_latest_departure(stay.arrived_at):
            raise NotTaken(ProblemCode.STAY_TOO_LONG)
        if departure <= stay.planned_departure or departure < self.find_today(now):
            raise NotTaken(ProblemCode.NOT_LATER)
        return replace(stay, planned_departure=departure)

    def correct_stay(self, stay: Stay, room: str | None, departure: date | None) -> Stay:
        """Return the stay with the room and departure it should have had; None leaves as it is. Raises: NotTaken."""
        room, departure = room or stay.room, departure or stay.planned_departure
        # A room that has left the plan since is not what is being corrected.
        if room != stay.room and room not in self.rooms:
            raise NotTaken(ProblemCode.NO_SUCH_ROOM)
        if departure <= self.find_today(stay.arrived_at):
            raise NotTaken(ProblemCode.TOO_FEW_NIGHTS)
        if departure > self.find_latest_departure(stay.arrived_at):
            raise NotTaken(ProblemCode.STAY_TOO_LONG)
        return replace(stay, room=room, planned_departure=departure)

    def compose_stay_event(
        self,
        kind: EventKind,
        guest: Guest,
        stay: Stay,
        *,
        now: datetime,
        record: bytes,
        replaces: bytes = b"",
        venue: Venue | None = None,
    ) -> StayEvent:
        """Return what is going to be sealed: the whole stay as it stands after this event.

        `now` is aware UTC; `record` and `replaces` are record ids, 16 bytes; `venue` is the one the stay
        began in, where the house has changed its name since. Raises: InvalidStay naming the field.
        """
        if (kind is EventKind.CHECK_OUT) != (stay.departed_at is not None):
            raise InvalidStay("departed_at")
        # Other kinds replace a record only where the same event is sealed again.
        if kind is EventKind.CORRECT and not replaces:
            raise InvalidStay("replaces")
        if stay.planned_departure > self.find_latest_departure(stay.arrived_at):
            raise InvalidStay("planned_departure")
        return StayEvent(
            event=kind,
            record=record.hex(),
            replaces=replaces.hex(),
            jurisdiction=self.jurisdiction.root.jurisdiction,
            profile=self.jurisdiction.profile.digest,
            venue=venue or self.venue,
            guest=guest,
            stay=stay,
            captured_at=now.replace(microsecond=0),
        )


def code_of(error: InvalidDocument) -> ProblemCode:
    """Return the code of what is wrong with a document."""
    return _CODES.get(error.field, ProblemCode.INVALID_DOCUMENT)


def is_minor(birth_date: date, today: date) -> bool:
    """Tell whether somebody is under 18; who was born on 29 February comes of age on 1 March."""
    years = today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))
    return years < ADULT_YEARS


def is_same_person(one: Guest, other: Guest) -> bool:
    """Tell whether two guests showed the same document, or without a number the same name and birth date."""
    return _identify(one) == _identify(other)


def _identify(guest: Guest) -> tuple[str, ...]:
    document = guest.document
    own = (document.number,) if document.number else (guest.names[0].text, guest.birth_date.isoformat())
    return (document.kind, document.issuing_state, *own)
