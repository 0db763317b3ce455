"""From the house store to what a destination composes: one guest with their booking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from records.documents import ChipVerdict, DocumentKind, HowRead, PersonName, Sex
from records.profile import Profile, ProfileField
from records.stays import Guest, HeldDocument, Stay, Venue
from terminal.destinations.asked import AskedField, complete_answers
from terminal.destinations.tables import Tables
from terminal.destinations.terms import Action, Companion, Destination, Matter
from terminal.guest_book import GuestBook, is_minor
from terminal.store import DeliveryRow, HouseRecord

# Nobody's: what is left of a guest whose data the law has let go needs a day where a birth date stood.
_NO_DAY = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Member:
    """One of a booking: what is told of them, or would be."""

    key: str  # a stay, or "" of somebody who is about to be registered
    guest: Guest = field(repr=False)
    stay: Stay = field(repr=False)
    answers: Mapping[ProfileField, str] = field(repr=False)
    venue: Venue


def read_member(stay: str, record: HouseRecord) -> Member:
    """Return somebody of the house store as a member of their booking."""
    return Member(stay, record.guest, record.stay, record.answers, record.venue)


def choose_head(members: Sequence[Member], book: GuestBook) -> Member:
    """Return the head of a booking: the first of age who showed a document, else the first with one, else the first."""

    def rank(member: Member) -> tuple[bool, bool]:
        has_none = member.guest.document.kind is DocumentKind.NONE
        return has_none, is_minor(member.guest.birth_date, book.find_today(member.stay.arrived_at))

    return min(members, key=rank)


def make_matter(
    book: GuestBook,
    member: Member,
    members: Sequence[Member],
    *,
    action: Action = Action.ARRIVAL,
    reference: str = "0" * 32,
    earlier: str = "",
) -> Matter:
    """Return what a message about a member may say. `members` are all who are told together, the member too."""
    head = choose_head(members, book)
    others = [each for each in members if each is not member]
    ordered = sorted(others, key=lambda each: each is not head)
    return Matter(
        action=action,
        reference=reference,
        guest=member.guest,
        stay=member.stay,
        venue=member.venue,
        zone=book.zone,
        answers=member.answers,
        party=tuple(Companion(each.guest, each.answers, each is head) for each in ordered),
        is_head=member is head,
        earlier=earlier,
    )


def find_late(rows: Sequence[DeliveryRow]) -> set[str]:
    """Return the references of rows that wait for an earlier one, of rows that are not settled, oldest first.

    What is told after an arrival waits until that one is there; an arrival that is told again waits until what it
    replaces is annulled.
    """
    arrivals: set[str] = set()
    annulments: set[str] = set()
    late = set()
    for row in rows:
        is_arrival = row.action == Action.ARRIVAL
        if row.party in annulments if is_arrival else row.stay in arrivals:
            late.add(row.reference)
        if is_arrival:
            arrivals.add(row.stay)
        if row.action == Action.ANNULMENT:
            annulments.add(row.party)
    return late


def list_allowed(destination: Destination, profile: Profile, matter: Matter, tables: Tables) -> tuple[AskedField, ...]:
    """Return what a destination asks, as far as the profile allows it to ask."""
    return tuple(each for each in destination.list_asked(matter, tables) if each.id in profile.extra_fields)


def find_unanswered(asked: Sequence[AskedField], matter: Matter, tables: Tables) -> ProfileField | None:
    """Return a field that nobody was asked about: what is only likely is never told without a person's word.

    What is true of the whole booking is left out: it was answered for another of it.
    """
    likely = complete_answers(asked, matter.answers, tables)
    silent = (each.id for each in asked if each.is_required and not each.is_shared and each.id not in matter.answers)
    return next((name for name in silent if name in likely), None)


def reduce_record(record: HouseRecord) -> HouseRecord:
    """Return what the counter still needs once the law has let a guest's data go: the name beside the room."""
    name = record.guest.names[0].text
    # Neither number nor kind: HowRead is kept because the type asks for one.
    document = HeldDocument(DocumentKind.OTHER, "", "", HowRead.MRZ, ChipVerdict.NOT_VERIFIED)
    guest = Guest((PersonName(name),), _NO_DAY, Sex.UNKNOWN, "", document)
    return replace(record, guest=guest, answers={}, is_reduced=True)
