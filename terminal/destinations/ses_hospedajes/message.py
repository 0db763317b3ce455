"""What is told about one guest: the composed message of the queue, in a form of our own that holds the fields alone.

The XML of a request is made when it is sent, because the guests of one booking share one communication there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from terminal.destinations.ses_hospedajes.codes import DocumentCode, KinshipCode, PaymentCode, SexCode
from terminal.destinations.terms import CannotCompose


@dataclass(frozen=True, slots=True)
class Residence:
    """Where a person lives. A municipality's INE code in Spain, a place's name anywhere else."""

    street: str = field(repr=False)
    postcode: str = field(repr=False)
    state: str = field(repr=False)  # ISO 3166-1 alpha-3
    municipality: str = field(default="", repr=False)
    place: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """One traveller, in the service's codes."""

    given: str = field(repr=False)
    surname: str = field(repr=False)
    birth_date: date = field(repr=False)
    residence: Residence = field(repr=False)
    second_surname: str = field(default="", repr=False)
    document: DocumentCode | None = field(default=None, repr=False)
    number: str = field(default="", repr=False)
    support: str = field(default="", repr=False)
    nationality: str = field(default="", repr=False)
    sex: SexCode | None = field(default=None, repr=False)
    phone: str = field(default="", repr=False)
    phone_2: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    kinship: KinshipCode | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Contract:
    """The stay as the service calls it. Times are local and say no offset."""

    reference: str  # ours, random
    day: date
    arrival: datetime
    departure: datetime
    payment: PaymentCode


@dataclass(frozen=True, slots=True)
class Arrival:
    """One traveller of a contract."""

    contract: Contract = field(repr=False)
    person: Person = field(repr=False)


@dataclass(frozen=True, slots=True)
class Annulment:
    """Takes back a communication, by the code the service gave it."""

    code: str


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    arrival: Arrival | None = None
    annulment: Annulment | None = None


def encode_message(message: Arrival | Annulment) -> bytes:
    """Return a message as it is kept in the queue: JSON, the same bytes for the same message."""
    kept = _Kept(arrival=message) if isinstance(message, Arrival) else _Kept(annulment=message)
    return msgspec.json.encode(kept)


def decode_message(data: bytes) -> Arrival | Annulment:
    """Return a message that `encode_message` made. Raises: CannotCompose("message") for anything else."""
    try:
        kept = msgspec.json.decode(data, type=_Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # The reason would quote the guest's data, so it is dropped.
        raise CannotCompose("message") from None
    message = kept.arrival or kept.annulment
    if message is None:
        raise CannotCompose("message")
    return message
