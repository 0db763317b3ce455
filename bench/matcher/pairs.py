"""Pairs of a listed person and a guest, whose truth is known: the same person, or a stranger one slip away."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bench.matcher.corrupt import (
    ERRORS,
    FORMATS,
    SLIPS,
    list_homophones,
    respell,
    slip_number,
    spoil,
    swap_day_and_month,
)
from bench.matcher.people import Invented, invent
from matcher.person import Listed, Person, PersonDocument, PersonName
from records.comparing.slips import normal_form

# Strangers one slip away, and how many of each in a hundred. Families travel with passports in sequence.
STRANGERS = {"anybody": 40, "relative": 30, "twin": 5, "namesake": 15, "born_the_same_day": 10}


@dataclass(frozen=True, slots=True)
class Pair:
    """A listed person and a guest, of what format the name is, and what was done to the guest's data."""

    format: str
    what: str
    listed: Listed
    guest: Person
    is_habit: bool  # the guest is registered as born on 1 January


def make_guest(person: Invented, name: PersonName, number: str, born: date | None = None) -> Person:
    """Return the guest as the terminal sends them; a person of each hundred is without a sex on the card."""
    document = PersonDocument(person.kind, number)
    return Person((name,), document, (born or person.born).isoformat(), person.sex)


def make_same(chance: random.Random, format_: str = "", how: str = "") -> Pair:
    """Return one person twice: a slip in the number (or none, one time in six), the name spelled anew."""
    person = invent(format_ or chance.choice(FORMATS), chance)
    slip = how or chance.choice((*SLIPS, "same"))
    number = person.number if slip == "same" else slip_number(person.number, slip, chance)
    guest = make_guest(person, respell(person, chance), number)
    return Pair(person.format, slip, person.to_listed(), guest, _is_habit(guest))


def make_spoiled(chance: random.Random, format_: str = "", how: str = "") -> Pair:
    """Return one person twice, with a slip in the number and one error in name or birth date."""
    person = invent(format_ or chance.choice(FORMATS), chance)
    errors = [how] if how else [*ERRORS, "date_swapped"]
    chance.shuffle(errors)
    for error in errors:
        number = _slip(person, chance)
        if error == "date_swapped":
            born = swap_day_and_month(person.born)
            guest = make_guest(person, respell(person, chance), number, born) if born else None
        else:
            spoiled = spoil(person, error, chance)
            guest = make_guest(person, spoiled, number) if spoiled else None
        if guest is not None:
            return Pair(person.format, error, person.to_listed(), guest, _is_habit(guest))
    return make_spoiled(chance, format_, how)


def _slip(person: Invented, chance: random.Random) -> str:
    """Return the number with a slip that its normal form does not undo."""
    while True:
        number = slip_number(person.number, chance.choice(SLIPS), chance)
        if normal_form(person.kind, number) != normal_form(person.kind, person.number):
            return number


def make_stranger(chance: random.Random, format_: str = "", how: str = "", habit: float = 0.05, kind: str = "") -> Pair:
    """Return two people whose numbers are one slip apart: with another name, or another birth date, or both."""
    listed = invent(format_ or chance.choice(FORMATS), chance, habit, kind)
    what = how or chance.choices(list(STRANGERS), STRANGERS.values())[0]  # type: ignore[arg-type]
    stranger = invent(listed.format, chance, habit)
    if what in ("relative", "twin"):
        stranger = _make_relative(listed, stranger, chance, is_twin=what == "twin")
    elif what == "namesake":
        stranger = replace(listed, born=_draw_other_day(listed.born, stranger.born))
    elif what == "born_the_same_day":
        stranger = replace(stranger, born=listed.born)
    if _words(stranger) == _words(listed) and stranger.born == listed.born:
        return make_stranger(chance, format_, how, habit, kind)
    number = _slip(listed, chance)
    guest = make_guest(replace(stranger, kind=listed.kind), respell(stranger, chance), number)
    return Pair(listed.format, what, listed.to_listed(), guest, _is_habit(guest))


def _make_relative(listed: Invented, stranger: Invented, chance: random.Random, *, is_twin: bool) -> Invented:
    """Return a sibling. Twins' given names are other names: no parents name two children so that they sound alike."""
    given = stranger.given
    if listed.format in ("han", "traditional") and len(listed.given) == len(given) == 2 and chance.random() < 0.3:
        given = listed.given[0] + given[1]  # the character that siblings of one generation share
    others = (*stranger.others[:1], *listed.others[1:])
    relative = replace(stranger, surname=listed.surname, given=given, others=others)
    if listed.format == "one_part":
        relative = replace(relative, surname=stranger.surname)
    if is_twin:
        relative = replace(relative, born=listed.born)
        if _sound_alike(listed.given, given):
            return _make_relative(listed, invent(listed.format, chance), chance, is_twin=True)
    return relative


def _words(person: Invented) -> list[str]:
    return sorted((person.given, person.surname, *person.others)) if person.format != "one_part" else [person.given]


def _sound_alike(first: str, second: str) -> bool:
    if len(first) != len(second):
        return False
    return all(a == b or b in list_homophones(a) for a, b in zip(first, second, strict=True))


def _draw_other_day(day: date, drawn: date) -> date:
    return drawn if drawn != day else day + timedelta(days=1)


def _is_habit(guest: Person) -> bool:
    return guest.birth_date.endswith("-01-01")


def draw(make: str, count: int, seed: int) -> Iterator[Pair]:
    """Yield so many pairs of one sort: same, spoiled or stranger."""
    chance = random.Random(f"{make} {seed}")
    maker = {"same": make_same, "spoiled": make_spoiled, "stranger": make_stranger}[make]
    for _ in range(count):
        yield maker(chance)
