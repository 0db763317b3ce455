"""Turn what a reader took from a document into the document itself."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date

from drivers.errors import UnknownLayout
from drivers.mrz_document import describe_mrz, understand_scan
from drivers.proto.mrz import parse_mrz
from drivers.reader import Layout, RawDocument
from records.documents import ChipVerdict, DocumentKind, HowRead, IdentityDocument, PersonName, Sex, check_number
from records.errors import InvalidDocument
from records.numbers import normalise_number

_UNLIMITED = "长期"
_CHINA = "CHN"


def parse_document(raw: RawDocument) -> IdentityDocument:
    """Understand what was read. What contradicts today's date or its own number is `check_document`'s to say.

    Raises: InvalidDocument, whose `field` names what cannot be: names, number, birth_date, sex, valid_until,
    nationality; a number whose check character is wrong is among them. UnknownLayout. Of printed lines also
    MrzUnreadable, MrzCheckFailed and BirthDateUnknown.
    """
    if raw.layout is Layout.ICAO_CHIP:
        return _parse_chip(raw)
    if raw.layout is Layout.ICAO_LINES:
        return understand_scan(raw.fields["text"], date.fromisoformat(raw.fields["read_on"])).document
    if raw.layout not in _KINDS:
        raise UnknownLayout(raw.layout)
    kind, length = _KINDS[raw.layout]
    number = normalise_number(raw.fields["number"])
    if len(number) != length:
        raise InvalidDocument("number")
    check_number(kind, number)
    return IdentityDocument(
        kind=kind,
        number=number,
        names=_collect_names(raw),
        birth_date=_parse_date(raw.fields["birth_date"], "birth_date"),
        sex=_parse_sex(raw.fields["sex"]),
        nationality=_parse_nationality(raw.fields.get("nationality", _CHINA)),
        issuing_state=_CHINA,
        how_read=HowRead.CHIP,
        # The reader's module and the card prove themselves to each other, but nothing that reaches us is
        # signed: whoever holds the line can say anything. So it is read from a chip, and not verified.
        chip=ChipVerdict.NOT_VERIFIED,
        valid_until=_parse_valid_until(raw.fields["valid_until"]),
        address=raw.fields.get("address", ""),
    )


def _parse_chip(raw: RawDocument) -> IdentityDocument:
    """Return the document of an electronic one's printed lines, as its chip holds them, and what it adds to them."""
    mrz = parse_mrz(raw.fields["mrz"].split("\n"))
    birth = raw.fields["birth"]
    if birth[2:] and _agrees(mrz.birth, birth[2:]):
        # The chip tells the century, and a day where the printed lines have none.
        born = _parse_date(birth, "birth_date")
        document = replace(
            describe_mrz(replace(mrz, birth=birth[2:]), date.fromisoformat(raw.fields["read_on"])), birth_date=born
        )
    else:
        document = describe_mrz(mrz, date.fromisoformat(raw.fields["read_on"]))
    return replace(
        document,
        names=(*document.names, *_split_full_name(raw.fields["name"])),
        how_read=HowRead.CHIP,
        chip=ChipVerdict(raw.fields["chip"]),
        address=raw.fields["address"],
    )


def _agrees(printed: str, digits: str) -> bool:
    return all(a in ("<", b) for a, b in zip(printed, digits, strict=True))


def _split_full_name(name: str) -> tuple[PersonName, ...]:
    surname, _, given = (part.replace("<", " ").strip() for part in name.partition("<<"))
    return (PersonName(f"{surname} {given}".strip(), surname, given),) if surname else ()


def _collect_names(raw: RawDocument) -> tuple[PersonName, ...]:
    """Return the names as the card has them, the Latin one first where it is the one in the passport."""
    texts = [raw.fields.get("latin_name", ""), raw.fields.get("name", "")]
    names = tuple(_split_name(text) for text in texts if text)
    if any(unicodedata.category(character) == "Cc" for text in texts for character in text):
        raise InvalidDocument("names")
    return names


def _split_name(text: str) -> PersonName:
    """Split a name at its comma, the only mark by which a card tells surname and given name apart."""
    surname, comma, given = (part.strip() for part in text.partition(","))
    return PersonName(text, surname, given) if comma else PersonName(text)


def _parse_date(digits: str, field: str) -> date:
    # date.fromisoformat would also take "2026W011", int other scripts' digits.
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        raise InvalidDocument(field)
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise InvalidDocument(field) from None


def _parse_valid_until(text: str) -> date | None:
    return None if text == _UNLIMITED else _parse_date(text, "valid_until")


def _parse_sex(code: str) -> Sex:
    try:
        return Sex(code)
    except ValueError:
        raise InvalidDocument("sex") from None


def _parse_nationality(code: str) -> str:
    if len(code) != 3 or not (code.isascii() and code.isalpha() and code.isupper()):
        raise InvalidDocument("nationality")
    return code


# The layout says which of a kind's numbers stands on it: a shorter one was cut off.
_KINDS: dict[Layout, tuple[DocumentKind, int]] = {
    Layout.SAM_RESIDENT: (DocumentKind.RESIDENT_CARD, 18),
    Layout.SAM_PERMIT: (DocumentKind.RESIDENCE_PERMIT_HK_MO_TW, 18),
    Layout.SAM_PERMANENT_2017: (DocumentKind.PERMANENT_RESIDENCE, 15),
    Layout.SAM_PERMANENT_2023: (DocumentKind.PERMANENT_RESIDENCE, 18),
}
