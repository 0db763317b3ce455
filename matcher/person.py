"""What is compared: the person whom a decision names, and the guest whose number came within one slip of theirs.

Nationality, region, ethnicity, religion, place, company and earlier stays have no field here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from matcher.errors import InvalidPerson

MOST_FORMS = 5  # of one listed name
# A document shows a name in its printed lines, in its zone and on its chip; more forms would be more chances to agree.
MOST_GUEST_FORMS = 6
MOST_NAME_CHARACTERS = 200
MOST_NUMBER_CHARACTERS = 64
SEXES = ("0", "1", "2", "9")

# Unknown parts as ICAO 9303 prints them ("<<") or as services write them ("00", "XX").
_UNKNOWN = r"(?:00|XX|<<)"
_DATE = re.compile(rf"(\d{{4}})(?:-?(\d\d|{_UNKNOWN})(?:-?(\d\d|{_UNKNOWN}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PersonName:
    """One form of a name: the whole as printed, or its two parts, or both. Raises: InvalidPerson("names")."""

    full: str = field(default="", repr=False)
    surname: str = field(default="", repr=False)
    given: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        parts = (self.full, self.surname, self.given)
        if not any(part.strip() for part in parts) or max(map(len, parts)) > MOST_NAME_CHARACTERS:
            raise InvalidPerson("names")


@dataclass(frozen=True, slots=True)
class PersonDocument:
    """A document's kind (a code as in `records/documents.py`) and number. Raises: InvalidPerson("number")."""

    kind: str
    number: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.number.strip() or len(self.number) > MOST_NUMBER_CHARACTERS:
            raise InvalidPerson("number")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A birth date as far as a document states it; 0 for what it leaves out."""

    year: int = field(default=0, repr=False)
    month: int = field(default=0, repr=False)
    day: int = field(default=0, repr=False)

    @property
    def is_full(self) -> bool:
        """Tell whether year, month and day are all stated."""
        return bool(self.year and self.month and self.day)


@dataclass(frozen=True, slots=True)
class Person:
    """A guest as the document shows them: forms of the name, birth date ("" or partial where it says no more), sex."""

    names: tuple[PersonName, ...] = field(repr=False)
    document: PersonDocument = field(repr=False)
    birth_date: str = field(repr=False)  # YYYY-MM-DD; YYYY or YYYY-MM; 00, XX or << for an unknown part; or ""
    sex: str = field(repr=False)  # GB/T 2261.1
    how_read: str = ""  # chip, mrz, typed; "" where nobody says
    chip: str = ""  # verified, not_verified, failed; "" where there is none

    def __post_init__(self) -> None:
        if not 1 <= len(self.names) <= MOST_GUEST_FORMS:
            raise InvalidPerson("names")
        if self.sex not in SEXES:
            raise InvalidPerson("sex")
        parse_birth_date(self.birth_date)


@dataclass(frozen=True, slots=True)
class Listed:
    """The one adult whom a decision names: forms of one name, one document of a kind, full birth date, sex.

    Raises: InvalidPerson, whose `field` is one of names, documents, birth_date, sex.
    """

    names: tuple[PersonName, ...] = field(repr=False)
    documents: tuple[PersonDocument, ...] = field(repr=False)
    birth_date: str = field(repr=False)  # YYYY-MM-DD
    sex: str = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.names) <= MOST_FORMS:
            raise InvalidPerson("names")
        kinds = [document.kind for document in self.documents]
        if not kinds or len(set(kinds)) != len(kinds):
            raise InvalidPerson("documents")
        if self.sex not in SEXES:
            raise InvalidPerson("sex")
        if not parse_birth_date(self.birth_date).is_full:
            raise InvalidPerson("birth_date")


def parse_birth_date(text: str) -> PartialDate:
    """Parse a birth date, which may leave out day, or month and day, or everything ("").

    Raises: InvalidPerson("birth_date") for another form and for a day that no calendar has.
    """
    if not text:
        return PartialDate()
    match = _DATE.fullmatch(text.strip().upper())
    if match is None:
        raise InvalidPerson("birth_date")
    year, month, day = (int(part) if part and part.isdigit() else 0 for part in match.groups())
    try:
        date(year, month or 1, day if month and day else 1)
    except ValueError:
        raise InvalidPerson("birth_date") from None
    return PartialDate(year, month, day if month else 0)
