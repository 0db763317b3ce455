"""A stay and its events. One guest is one stay; each event carries the whole stay as it then stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from records.documents import (
    ChipVerdict,
    DocumentKind,
    HowRead,
    IdentityDocument,
    PersonName,
    Sex,
    Typing,
    is_typed_openly,
)
from records.errors import MalformedBytes
from records.numbers import lengthen_resident_number, normalise_number

# A time without its offset is refused: nobody could say which moment it means.
AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]


class EventKind(StrEnum):
    """What happened to the stay."""

    CHECK_IN = "check_in"
    MOVE = "move"
    EXTEND = "extend"
    CHECK_OUT = "check_out"
    CORRECT = "correct"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Venue:
    """The house, as the guest reads it on the guest page."""

    id: str  # 32 hexadecimal digits
    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """The document of a guest, as a record holds it."""

    kind: DocumentKind
    number: str = field(repr=False)
    issuing_state: str = field(repr=False)
    how_read: HowRead
    chip: ChipVerdict
    typed: Typing | None = None


class Relation(StrEnum):
    """What a minor's guardian is to them."""

    PARENT = "parent"
    GRANDPARENT = "grandparent"
    RELATIVE = "relative"
    LEGAL_GUARDIAN = "legal_guardian"
    ENTRUSTED = "entrusted"  # a teacher, a coach, a friend of the family: whom the parents have asked


@dataclass(frozen=True, slots=True)
class Guardian:
    """Who can be reached about a minor; only where the profile demands it."""

    name: str = field(repr=False)
    relation: Relation = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Guest:
    """The guest, as a record holds them: the fields the profile demands and no more."""

    names: tuple[PersonName, ...] = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)
    nationality: str = field(repr=False)
    document: HeldDocument = field(repr=False)
    address: str = field(default="", repr=False)
    guardian: Guardian | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stay:
    """One guest in one house. `room` and the times are the latest known."""

    room: str = field(repr=False)
    arrived_at: AwareTime  # UTC
    planned_departure: date
    departed_at: AwareTime | None = None


@dataclass(frozen=True, slots=True)
class StayEvent:
    """What is sealed: the plaintext of a record part (FORMAT.md, "Stay event")."""

    event: EventKind
    record: str  # record id, 32 hexadecimal digits
    replaces: str  # record id this one replaces, or ""
    jurisdiction: str
    profile: str  # SHA-256 of the profile file, hexadecimal
    venue: Venue
    guest: Guest = field(repr=False)
    stay: Stay = field(repr=False)
    captured_at: AwareTime  # UTC


def hold_document(document: IdentityDocument, *, with_address: bool) -> Guest:
    """Return what a record keeps of a document; the address only where the profile demands it."""
    return Guest(
        names=document.names,
        birth_date=document.birth_date,
        sex=document.sex,
        nationality=document.nationality,
        document=HeldDocument(
            document.kind, document.number, document.issuing_state, document.how_read, document.chip, document.typed
        ),
        address=document.address if with_address else "",
    )


def guest_secret(guest: Guest) -> str:
    """Return what the guest types on the guest page: the number in normal form, or YYYYMMDD of birth without one."""
    return normalise_number(guest.document.number) or guest.birth_date.isoformat().replace("-", "")


def order_number(guest: Guest) -> str | None:
    """Return the number an order must name, 15-digit resident numbers in their 18-character form; None without one."""
    number = normalise_number(guest.document.number)
    return lengthen_order_number(number) if number else None


def lengthen_order_number(number: str) -> str:
    """Return the form in which an order names a number (see `order_number`)."""
    return lengthen_resident_number(normalise_number(number))


def encode_event(event: StayEvent) -> bytes:
    """Return the event as UTF-8 JSON. Raises: MalformedBytes("stay event") for text that has no UTF-8 form."""
    try:
        return msgspec.json.encode(_leave_out_none(msgspec.to_builtins(event)))
    except ValueError:
        # A lone surrogate; the error object would carry the guest's name.
        raise MalformedBytes("stay event") from None


def decode_event(data: bytes) -> StayEvent:
    """Parse what `encode_event` made.

    Raises: MalformedBytes("stay event"), also for a member that FORMAT.md does not name, and for what was typed
    without saying why.
    """
    try:
        event = msgspec.json.decode(data, type=StayEvent)
        is_closed = _has_only_members(msgspec.json.decode(data), msgspec.to_builtins(event))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # The reason would quote the guest's data, so it is dropped.
        raise MalformedBytes("stay event") from None
    document = event.guest.document
    if not is_closed or not is_typed_openly(document.kind, document.how_read, document.typed):
        # Nothing may be held that the guest page would not show.
        raise MalformedBytes("stay event")
    return event


def _leave_out_none(event: Any) -> Any:
    """Without `guardian` and `typed` where there are none: readers of before know neither."""
    guest, document = event["guest"], event["guest"]["document"]
    for holder, name in ((guest, "guardian"), (document, "typed")):
        if holder[name] is None:
            del holder[name]
    return event


def _has_only_members(raw: object, known: object) -> bool:
    if isinstance(raw, dict) and isinstance(known, dict):
        return all(name in known and _has_only_members(value, known[name]) for name, value in raw.items())
    if isinstance(raw, list) and isinstance(known, (list, tuple)):
        return all(_has_only_members(*pair) for pair in zip(raw, known, strict=True))
    return True
