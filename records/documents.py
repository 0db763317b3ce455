"""Identity documents as the project knows them.

Ethnicity, religion and the region in a number have no field here: what is not in the type
cannot be sealed, sent or compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from records.errors import InvalidDocument
from records.numbers import normalise_number, parse_resident_number


class DocumentKind(StrEnum):
    """Kinds of identity document; the value is the GA/T 517 code where one is published."""

    RESIDENT_CARD = "111"
    TEMPORARY_CARD = "112"
    PASSPORT_DIPLOMATIC = "411"
    PASSPORT_SERVICE = "412"
    PASSPORT = "414"
    PASSPORT_HONG_KONG = "420"
    PASSPORT_MACAO = "421"
    TRAVEL_PERMIT_TAIWAN = "511"
    TRAVEL_PERMIT_HONG_KONG_MACAO = "516"
    PERMANENT_RESIDENCE = "553"
    # No code was found published for the 2018 residence permit; this one is our own.
    RESIDENCE_PERMIT_HK_MO_TW = "x01"
    IDENTITY_CARD_FOREIGN = "x02"
    OTHER = "990"


class Sex(StrEnum):
    """Sex as printed on the document; the value is the GB/T 2261.1 code."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSPECIFIED = "9"


class HowRead(StrEnum):
    """Where the data of a document came from."""

    CHIP = "chip"
    MRZ = "mrz"
    TYPED = "typed"


class ChipVerdict(StrEnum):
    """Whether the chip was proved genuine to us (passive authentication), or could not be."""

    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PersonName:
    """One form of a person's name: the whole as printed, and its two parts where the document tells them."""

    text: str = field(repr=False)
    surname: str = field(default="", repr=False)
    given: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class IdentityDocument:
    """A document as it was understood. Its `repr` shows the kind and how it was read, nothing else."""

    kind: DocumentKind
    number: str = field(repr=False)  # as printed, normal form (A-Z, 0-9); "" where the document has none
    names: tuple[PersonName, ...] = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)
    nationality: str = field(repr=False)  # ISO 3166 alpha-3, or the ICAO 9303 codes such as UTO
    issuing_state: str = field(repr=False)
    how_read: HowRead
    chip: ChipVerdict
    valid_until: date | None = field(default=None, repr=False)  # None: unlimited ("长期") or not stated
    address: str = field(default="", repr=False)  # only where the profile demands it

    def __post_init__(self) -> None:
        if not self.names or not all(name.text.strip() for name in self.names):
            raise InvalidDocument("names")
        if self.number != normalise_number(self.number):
            raise InvalidDocument("number")


def check_document(document: IdentityDocument, today: date) -> None:
    """Check what the document says of itself against the rules of its kind.

    Raises: InvalidDocument, whose `field` is one of number, birth_date, sex, valid_until.
    """
    if document.birth_date > today:
        raise InvalidDocument("birth_date")
    if document.valid_until is not None and document.valid_until < today:
        raise InvalidDocument("valid_until")
    if document.kind in (DocumentKind.RESIDENT_CARD, DocumentKind.TEMPORARY_CARD):
        number = parse_resident_number(document.number)
        if number.birth_date != document.birth_date:
            raise InvalidDocument("birth_date")
        if (Sex.MALE if number.is_male else Sex.FEMALE) != document.sex:
            raise InvalidDocument("sex")
