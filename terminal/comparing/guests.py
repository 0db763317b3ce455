"""From a guest in house to what is compared of them: who, and where. Who is never compared, is decided here."""

from __future__ import annotations

import os
from datetime import datetime, tzinfo

from records.comparing.decisions import is_specimen_document
from records.comparing.people import MAX_NAMES, ComparedName, ComparedPerson
from records.comparing.places import Place, make_place
from records.documents import DocumentKind, HowRead
from records.stays import Guest, Venue
from terminal.guest_book import is_minor
from terminal.store import HouseRecord, HouseRow

_SALT_BYTES = 32


def is_ever_compared(guest: Guest, arrived_at: datetime, zone: tzinfo | None) -> bool:
    """Tell whether a guest may be compared at all: never a minor, a typed document, nobody's number, or anybody real.

    The counter of a demonstration takes specimens alone; here its rule is the stricter one that decisions go by.
    """
    document = guest.document
    is_typed = document.how_read is HowRead.TYPED or document.typed is not None
    has_number = bool(document.number) and document.kind not in (DocumentKind.NONE, DocumentKind.OTHER)
    is_nobodys = is_specimen_document(document.kind, document.issuing_state, document.number)
    return (
        has_number
        and is_nobodys
        and not is_typed
        and not is_minor(guest.birth_date, arrived_at.astimezone(zone).date())
    )


def describe_person(guest: Guest) -> ComparedPerson:
    """Return what is compared: no nationality, no address, no photograph, no room."""
    return ComparedPerson(
        names=tuple(ComparedName(name.text, name.surname, name.given) for name in guest.names[:MAX_NAMES]),
        kind=guest.document.kind,
        issuing_state=guest.document.issuing_state,
        number=guest.document.number,
        birth_date=guest.birth_date.isoformat(),
        sex=guest.sex,
        how_read=guest.document.how_read,
        chip=guest.document.chip,
    )


def describe_place(
    person: ComparedPerson, row: HouseRow, record: HouseRecord, venue: Venue, terminal: bytes, now: datetime
) -> Place:
    """Return where the guest is, bound to this person. Raises: MalformedBytes."""
    return make_place(
        person,
        venue=bytes.fromhex(venue.id),
        venue_name=venue.name,
        address=venue.address,
        room=record.stay.room,
        checked_in_at=row.arrived_at,
        compared_at=now,
        planned_departure=record.stay.planned_departure,
        terminal=terminal,
        salt=os.urandom(_SALT_BYTES),
    )
