"""Identity documents as the project knows them.

Ethnicity, religion and the region in a number have no field here: what is not in the type
cannot be sealed, sent or compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from records.errors import InvalidDocument
from records.numbers import (
    compute_mod_10_731,
    has_mod_11_2,
    lengthen_resident_number,
    normalise_number,
    parse_resident_number,
)


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
    # No document at all: a child beside a registered adult. Our own code too.
    NONE = "x00"


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


class TypedBecause(StrEnum):
    """Why somebody typed what otherwise is read."""

    READER_BROKEN = "reader_broken"
    NOTHING_TO_READ = "nothing_to_read"  # neither chip nor printed lines that a machine knows
    DAMAGED = "damaged"
    NO_DOCUMENT = "no_document"


class ShownPaper(StrEnum):
    """What lay on the counter while it was typed."""

    DOCUMENT = "document"  # itself
    COPY = "copy"  # or a picture of it
    OTHER_PAPER = "other_paper"  # no document of identity: a birth certificate, a family book
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Typing:
    """Why a document was typed, and from what."""

    because: TypedBecause
    shown: ShownPaper


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
    typed: Typing | None = None  # where it was typed, and nowhere else

    def __post_init__(self) -> None:
        if not is_typed_openly(self.kind, self.how_read, self.typed):
            raise InvalidDocument("typed")
        if not self.names or not all(name.text.strip() for name in self.names):
            raise InvalidDocument("names")
        if self.number != normalise_number(self.number):
            raise InvalidDocument("number")


# Of a residence permit's number, and only to tell it from a resident card's: which of them it is, nobody asks.
_PERMIT_DIVISIONS = ("810000", "820000", "830000")
_ISSUED_BY_CHINA = frozenset(
    {
        DocumentKind.RESIDENT_CARD,
        DocumentKind.TEMPORARY_CARD,
        DocumentKind.PASSPORT_HONG_KONG,
        DocumentKind.PASSPORT_MACAO,
        DocumentKind.TRAVEL_PERMIT_TAIWAN,
        DocumentKind.TRAVEL_PERMIT_HONG_KONG_MACAO,
        DocumentKind.PERMANENT_RESIDENCE,
        DocumentKind.RESIDENCE_PERMIT_HK_MO_TW,
    }
)


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What a number tells of its holder. None where it tells nothing."""

    birth_date: date | None = field(default=None, repr=False)
    birth_yymmdd: str = field(default="", repr=False)  # where the number leaves the century out
    sex: Sex | None = field(default=None, repr=False)


def check_number(kind: DocumentKind, number: str) -> NumberFacts:
    """Check a number in normal form against the rule of its kind, and return what it tells.

    Raises: InvalidDocument("number").
    """
    if number != normalise_number(number):
        raise InvalidDocument("number")
    return _RULES[kind](number)


def is_typed_openly(kind: DocumentKind, how_read: HowRead, typed: Typing | None) -> bool:
    """Tell whether what was typed says why and from what, and nothing else does; "no document" is typed always."""
    if typed is None:
        return how_read is not HowRead.TYPED and kind is not DocumentKind.NONE
    is_without = typed.because is TypedBecause.NO_DOCUMENT
    has_paper = typed.shown in (ShownPaper.DOCUMENT, ShownPaper.COPY)
    return how_read is HowRead.TYPED and (kind is DocumentKind.NONE) == is_without == (not has_paper)


def check_document(document: IdentityDocument, today: date, kept: Collection[str] = ()) -> None:
    """Check what the document says of itself against the rules of its kind.

    `kept` names those of number, birth_date and sex of which a person has said that the document really says so
    although a rule says otherwise. Raises: InvalidDocument, whose `field` is one of number, birth_date, sex,
    valid_until, issuing_state.
    """
    if document.birth_date > today:
        raise InvalidDocument("birth_date")
    if document.valid_until is not None and document.valid_until < today:
        raise InvalidDocument("valid_until")
    if document.kind in _ISSUED_BY_CHINA and document.issuing_state != "CHN":
        raise InvalidDocument("issuing_state")
    if document.kind is DocumentKind.NONE and document.issuing_state:
        raise InvalidDocument("issuing_state")
    try:
        facts = check_number(document.kind, document.number)
    except InvalidDocument:
        if "number" not in kept:
            raise
        return
    for name in list_contradictions(facts, document.birth_date, document.sex):
        if name not in kept:
            raise InvalidDocument(name)


def list_contradictions(facts: NumberFacts, birth_date: date, sex: Sex) -> list[str]:
    """Return which of birth_date and sex are not as the number says."""
    is_born_then = facts.birth_date in (None, birth_date) and facts.birth_yymmdd in ("", f"{birth_date:%y%m%d}")
    return [*([] if is_born_then else ["birth_date"]), *([] if facts.sex in (None, sex) else ["sex"])]


def _check_resident(number: str) -> NumberFacts:
    """Check 18 characters, or the 15 digits of before 1999, which have no century and no check character."""
    parsed = parse_resident_number(lengthen_resident_number(number))
    return NumberFacts(birth_date=parsed.birth_date, sex=Sex.MALE if parsed.is_male else Sex.FEMALE)


def _check_residence_permit(number: str) -> NumberFacts:
    if not number.startswith(_PERMIT_DIVISIONS) or len(number) != 18:
        raise InvalidDocument("number")
    return _check_resident(number)


def _check_permanent_residence(number: str) -> NumberFacts:
    return _check_permanent_2017(number) if len(number) == 15 else _check_permanent_2023(number)


def _check_permanent_2017(number: str) -> NumberFacts:
    """Check 3 letters and 12 digits: 4 of a region, YYMMDD, a sequence digit, and the 7-3-1 check digit."""
    _require(re.fullmatch(r"[A-Z]{3}[0-9]{12}", number) and compute_mod_10_731(number[:14]) == number[14])
    _read_day(f"20{number[7:13]}", f"19{number[7:13]}")
    return NumberFacts(birth_yymmdd=number[7:13])


def _check_permanent_2023(number: str) -> NumberFacts:
    """Check `9`, 2 digits of a province, 3 of a state, YYYYMMDD, 3 digits, and the MOD 11-2 check character."""
    _require(number.startswith("9") and has_mod_11_2(number))
    return NumberFacts(birth_date=_read_day(number[6:14]))


def _match(pattern: str) -> Callable[[str], NumberFacts]:
    compiled = re.compile(pattern)

    def check(number: str) -> NumberFacts:
        _require(compiled.fullmatch(number))
        return NumberFacts()

    return check


def _read_day(*candidates: str) -> date:
    for digits in candidates:
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            continue
    raise InvalidDocument("number")


def _require(fits: object) -> None:
    if not fits:
        raise InvalidDocument("number")


# ICAO 9303 gives a passport's number nine places and leaves what stands in them to the state.
_PASSPORT = _match(r"[A-Z0-9]{1,9}")
_RULES: dict[DocumentKind, Callable[[str], NumberFacts]] = {
    DocumentKind.RESIDENT_CARD: _check_resident,
    DocumentKind.TEMPORARY_CARD: _check_resident,
    DocumentKind.PASSPORT_DIPLOMATIC: _PASSPORT,
    DocumentKind.PASSPORT_SERVICE: _PASSPORT,
    DocumentKind.PASSPORT: _PASSPORT,
    DocumentKind.PASSPORT_HONG_KONG: _match(r"[HK][A-Z]?[0-9]{7,8}"),
    DocumentKind.PASSPORT_MACAO: _match(r"M[A-Z]?[0-9]{7,8}"),
    # Public descriptions only: 8 digits on a card, more on an older booklet.
    DocumentKind.TRAVEL_PERMIT_TAIWAN: _match(r"[0-9]{8}|[A-Z0-9]{10}"),
    DocumentKind.TRAVEL_PERMIT_HONG_KONG_MACAO: _match(r"[HM][0-9]{8}([0-9]{2})?"),
    DocumentKind.PERMANENT_RESIDENCE: _check_permanent_residence,
    DocumentKind.RESIDENCE_PERMIT_HK_MO_TW: _check_residence_permit,
    # The longest that the machine-readable zone of a card can hold.
    DocumentKind.IDENTITY_CARD_FOREIGN: _match(r"[A-Z0-9]{1,23}"),
    DocumentKind.OTHER: _match(r"[A-Z0-9]{0,32}"),
    DocumentKind.NONE: _match(r""),
}
