"""How a document's number is read, and on which side a slip happens: at the reader, or in the court's office."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date

from bench.matcher.corrupt import SLIPS, slip_number
from bench.matcher.people import Invented
from matcher.person import Listed, Person, PersonDocument, PersonName
from records.comparing.slips import normal_form


@dataclass(frozen=True, slots=True)
class Pair:
    """A listed person and a guest, of what format the name is, and what was done to the guest's data."""

    format: str
    what: str
    listed: Listed
    guest: Person
    is_habit: bool  # the guest is registered as born on 1 January


def is_habit(guest: Person) -> bool:
    """Tell whether a guest is registered as born on 1 January."""
    return guest.birth_date.endswith("-01-01")


def write_guest(person: Invented, name: PersonName, number: str, born: date | None = None) -> Person:
    """Return a guest of whose document nobody says how it was read, as in the files of the evaluation."""
    document = PersonDocument(person.kind, number)
    return Person((name,), document, (born or person.born).isoformat(), person.sex)


def read_own(
    person: Invented, name: PersonName, number: str, chance: random.Random, born: date | None = None
) -> Person:
    """Return a guest whose number was read without a slip, from the zone or a chip."""
    how, chip = chance.choice((("mrz", ""), ("chip", "verified"), ("chip", "not_verified")))
    return replace(write_guest(person, name, number, born), how_read=how, chip=chip)


def slip_visibly(person: Invented, chance: random.Random, how: str = "") -> str:
    """Return the number with a slip that its normal form does not undo."""
    while True:
        number = slip_number(person.number, how or chance.choice(SLIPS), chance)
        if normal_form(person.kind, number) != normal_form(person.kind, person.number):
            return number


def pair_up(
    person: Invented, what: str, name: PersonName, slipped: str, chance: random.Random, born: date | None = None
) -> Pair:
    """Return one person twice. The slip is the reader's or, one time in two, the court's: then the guest's is right."""
    if chance.random() < 0.5:
        listed, guest = person.to_listed(), write_guest(person, name, slipped, born)
    else:
        listed = replace(person, number=slipped).to_listed()
        guest = read_own(person, name, person.number, chance, born)
    return Pair(person.format, what, listed, guest, is_habit(guest))
