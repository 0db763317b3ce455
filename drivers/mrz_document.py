"""From a machine-readable zone to the document: centuries, kinds, and what it does not say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from drivers.errors import BirthDateUnknown
from drivers.proto.mrz import Mrz
from drivers.proto.mrz_stream import find_mrz
from records.documents import ChipVerdict, DocumentKind, HowRead, IdentityDocument, PersonName, Sex
from records.errors import InvalidDocument

_SEXES = {"M": Sex.MALE, "F": Sex.FEMALE, "<": Sex.UNSPECIFIED}


@dataclass(frozen=True, slots=True)
class ScannedDocument:
    """A document as its printed lines tell it."""

    document: IdentityDocument
    is_number_repaired: bool  # one character was put right: a person should compare it


def understand_scan(text: str, today: date) -> ScannedDocument:
    """Return the document whose machine-readable zone stands in what a scanner typed.

    Raises: MrzUnreadable, MrzCheckFailed, BirthDateUnknown; InvalidDocument naming birth_date or valid_until.
    """
    mrz = find_mrz(text)
    return ScannedDocument(describe_mrz(mrz, today), "number" in mrz.repaired)


def describe_mrz(mrz: Mrz, today: date) -> IdentityDocument:
    """Return the document a zone is about. `today` settles the centuries.

    Raises: BirthDateUnknown; InvalidDocument naming birth_date or valid_until.
    """
    return IdentityDocument(
        kind=choose_kind(mrz),
        number=mrz.number,
        names=(PersonName(f"{mrz.surname} {mrz.given}".strip(), mrz.surname, mrz.given),),
        birth_date=read_birth_date(mrz.birth, today),
        sex=_SEXES[mrz.sex],
        nationality=mrz.nationality,
        issuing_state=mrz.issuing_state,
        how_read=HowRead.MRZ,
        chip=ChipVerdict.NOT_VERIFIED,
        valid_until=read_expiry(mrz.expiry, today),
    )


def choose_kind(mrz: Mrz) -> DocumentKind:
    """Return the kind by document code and issuing state; a visa is no document of identity, but OTHER."""
    first, second = mrz.document_code[0], mrz.document_code[1:]
    if first == "P":
        return _choose_passport(second, mrz)
    # AC is a crew member's certificate.
    if first in "ACI" and mrz.document_code != "AC":
        return DocumentKind.IDENTITY_CARD_FOREIGN
    return DocumentKind.OTHER


def read_birth_date(yymmdd: str, today: date) -> date:
    """Return the latest day that is not in the future: a hundred years of age and more come out a century late.

    Raises: BirthDateUnknown where a part is filled or zero: no day is made up. InvalidDocument("birth_date").
    """
    if "<" in yymmdd or re.fullmatch(r"..00..|....00", yymmdd):
        raise BirthDateUnknown
    days = [day for day in _list_days(yymmdd, today) if day <= today]
    if not days:
        raise InvalidDocument("birth_date")
    return max(days)


def read_expiry(yymmdd: str, today: date) -> date | None:
    """Return the day nearest to today, None for a document without one. Raises: InvalidDocument("valid_until")."""
    if yymmdd == "<<<<<<":
        return None
    days = _list_days(yymmdd, today)
    if not days:
        raise InvalidDocument("valid_until")
    return min(days, key=lambda day: abs(day - today))


def _choose_passport(second: str, mrz: Mrz) -> DocumentKind:
    """Tell passports apart: by ICAO 9303 part 4 (PD, PO), and as the state CHN prints them.

    Its PO is an ordinary one and its PS a service one; Hong Kong's and Macao's carry CHN too, and are known by the
    letter their numbers begin with (from public descriptions).
    """
    if second == "D":
        return DocumentKind.PASSPORT_DIPLOMATIC
    if mrz.issuing_state != "CHN":
        return DocumentKind.PASSPORT_SERVICE if second == "O" else DocumentKind.PASSPORT
    if second == "S":
        return DocumentKind.PASSPORT_SERVICE
    by_letter = {
        "H": DocumentKind.PASSPORT_HONG_KONG, "K": DocumentKind.PASSPORT_HONG_KONG, "M": DocumentKind.PASSPORT_MACAO,
    }  # fmt: skip
    return by_letter.get(mrz.number[:1], DocumentKind.PASSPORT)


def _list_days(yymmdd: str, today: date) -> list[date]:
    """Return the days of the centuries before, of and after today's that two digits of a year may mean."""
    days = []
    for century in range(today.year // 100 - 1, today.year // 100 + 2):
        try:
            days.append(date(century * 100 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])))
        except ValueError:
            continue
    return days
