"""The person in a comparison: what the office may look at once a tag has fitted, and no more (FORMAT.md, "Person")."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date

from records.comparing import texts
from records.comparing.padding import decode_padded, encode_padded, is_plain
from records.documents import ChipVerdict, DocumentKind, HowRead, Sex
from records.errors import MalformedBytes
from records.suite import make_context

PERSON_BYTES = 1024
SALT_BYTES = 32
MAX_NAMES = 5
_MAX_NAME_CHARACTERS = 120
_MAX_NUMBER_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class ComparedName:
    """One form of the name, as the document prints it."""

    full: str = field(default="", repr=False)
    surname: str = field(default="", repr=False)
    given: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ComparedPerson:
    """A guest as they are compared. No nationality, no address, no photograph, no room."""

    names: tuple[ComparedName, ...] = field(repr=False)
    kind: DocumentKind
    issuing_state: str
    number: str = field(repr=False)
    birth_date: str = field(repr=False)  # YYYY-MM-DD
    sex: Sex = field(repr=False)
    how_read: HowRead
    chip: ChipVerdict

    @property
    def born(self) -> date:
        """The birth date. Raises: ValueError in a person that was not decoded."""
        return texts.read_day(self.birth_date)


def encode_person(person: ComparedPerson) -> bytes:
    """Return the person as JSON, padded to 1 KiB. Raises: MalformedBytes("person")."""
    _check(person)
    return encode_padded(person, PERSON_BYTES, "person")


def decode_person(data: bytes) -> ComparedPerson:
    """Read what `encode_person` made. Raises: MalformedBytes("person")."""
    person = decode_padded(data, PERSON_BYTES, ComparedPerson, "person")
    _check(person)
    return person


def digest_person(salt: bytes, encoded: bytes) -> bytes:
    """Return what a place holds of its guest: nobody finds the person from it without the salt.

    Raises: MalformedBytes("salt"), MalformedBytes("person").
    """
    if len(salt) != SALT_BYTES:
        raise MalformedBytes("salt")
    if len(encoded) != PERSON_BYTES:
        raise MalformedBytes("person")
    return hashlib.sha256(make_context("person digest", salt, encoded)).digest()


def _check(person: ComparedPerson) -> None:
    names = [text for name in person.names for text in (name.full, name.surname, name.given)]
    try:
        texts.read_day(person.birth_date)
    except ValueError:
        raise MalformedBytes("person") from None
    if not 1 <= len(person.names) <= MAX_NAMES or not all(is_plain(text, _MAX_NAME_CHARACTERS) for text in names):
        raise MalformedBytes("person")
    if not all(name.full or name.surname for name in person.names):
        raise MalformedBytes("person")
    if not is_plain(person.number, _MAX_NUMBER_CHARACTERS) or not is_plain(person.issuing_state, 3):
        raise MalformedBytes("person")
