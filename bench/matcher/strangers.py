"""Strangers whose number comes within one slip of a listed one, as they come to be in life.

A stranger carries a real document of their own. Its number is one slip from the listed one because the two were issued
one after the other (families and twins get neighbouring numbers), or because the stranger's number was misread. Where
the number holds a birth date and a check character, two valid ones are never one slip apart: there the stranger's
number is drawn valid, with the stranger's own date in it, and then misread so that it is one slip from both.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

from bench.matcher.corrupt import list_homophones, respell
from bench.matcher.people import Invented, invent
from bench.matcher.reading import Pair, is_habit, read_own, slip_visibly, write_guest
from records.numbers import compute_mod_11_2

# How many of each in a hundred. Families travel with passports in sequence, and 3 in 100 people are twins. A twin whose
# number holds a birth date and a check character comes near only where a misreading hits one of the two characters
# that differ and writes the other's: one in some 80 of the misreadings of twins, and no passport in sequence needs one.
STRANGERS = {
    "neighbour": 30, "relative": 25, "twin": 5, "misread_twin": 0.2, "namesake": 15, "born_the_same_day": 10,
    "misprint": 14.8,
}  # fmt: skip
_IN_SEQUENCE = frozenset({"neighbour", "relative", "twin"})
_DATED = frozenset({"111", "x01", "553"})
_MOST_STEPS = 9


def make_stranger(chance: random.Random, format_: str = "", how: str = "", habit: float = 0.05, kind: str = "") -> Pair:
    """Return two people whose numbers are one slip apart: with another name, or another birth date, or both."""
    what = how or chance.choices(list(STRANGERS), list(STRANGERS.values()))[0]
    while True:
        listed = invent(format_, chance, habit, kind)
        if not kind and (
            (what in _IN_SEQUENCE and listed.kind in _DATED) or (what == "misread_twin" and listed.kind not in _DATED)
        ):
            continue
        stranger = _make_other(listed, what, habit, chance)
        if stranger is not None and not _is_same(listed, stranger):
            break
    is_misread = what == "misprint" or (what in ("namesake", "born_the_same_day") and chance.random() < 0.5)
    if listed.kind in _DATED:
        number = misread_neighbour(listed, stranger, chance)
        guest = write_guest(stranger, respell(stranger, chance), number)
    elif is_misread:
        guest = write_guest(stranger, respell(stranger, chance), slip_visibly(listed, chance))
    else:
        guest = read_own(stranger, respell(stranger, chance), step_number(listed.number, chance), chance)
    return Pair(listed.format, what, listed.to_listed(), guest, is_habit(guest))


def _can_have(what: str, kind: str) -> bool:
    """Tell whether such a stranger can carry this kind of document."""
    return not (what in _IN_SEQUENCE and kind in _DATED) and not (what == "misread_twin" and kind not in _DATED)


def _make_other(listed: Invented, what: str, habit: float, chance: random.Random) -> Invented | None:
    """Return the stranger, with the listed person's kind of document; None where these two cannot be such."""
    stranger = replace(invent(listed.format, chance, habit), kind=listed.kind)
    if what in ("relative", "twin", "misread_twin"):
        stranger = _make_relative(listed, stranger, chance)
    elif what == "namesake":
        stranger = replace(listed, born=stranger.born)
    if what in ("twin", "misread_twin", "born_the_same_day"):
        stranger = replace(stranger, born=listed.born)
    elif listed.kind in _DATED:
        # Only a date that is one digit from the listed one leaves the numbers near each other.
        near = _draw_near_date(listed.born, chance)
        if near is None:
            return None
        stranger = replace(stranger, born=near)
    elif what == "namesake" and stranger.born == listed.born:
        stranger = replace(stranger, born=listed.born + timedelta(days=1))
    if what in ("twin", "misread_twin") and _sound_alike(listed.given, stranger.given):
        return None  # no parents name two children so that they sound alike
    return stranger


def _make_relative(listed: Invented, stranger: Invented, chance: random.Random) -> Invented:
    """Return a sibling: the same surname, another given name."""
    given = stranger.given
    if listed.format in ("han", "traditional") and len(listed.given) == len(given) == 2 and chance.random() < 0.3:
        given = listed.given[0] + given[1]  # the character that siblings of one generation share
    others = (*stranger.others[:1], *listed.others[1:])
    relative = replace(stranger, surname=listed.surname, given=given, others=others)
    return replace(relative, surname=stranger.surname) if listed.format == "one_part" else relative


def _is_same(one: Invented, other: Invented) -> bool:
    return _list_words(one) == _list_words(other) and one.born == other.born


def _list_words(person: Invented) -> list[str]:
    return [person.given] if person.format == "one_part" else sorted((person.given, person.surname, *person.others))


def _sound_alike(first: str, second: str) -> bool:
    if len(first) != len(second):
        return False
    return all(a == b or b in list_homophones(a) for a, b in zip(first, second, strict=True))


def _draw_near_date(day: date, chance: random.Random) -> date | None:
    """Return a date of an adult that is written with one digit other, or None where the digit drawn makes none."""
    text, place = f"{day:%Y%m%d}", chance.choice((2, 3, 4, 5, 6, 7))
    changed = text[:place] + chance.choice("0123456789") + text[place + 1 :]
    try:
        near = date(int(changed[:4]), int(changed[4:6]), int(changed[6:]))
    except ValueError:
        return None
    return near if near != day and 1930 <= near.year <= 2007 else None


def step_number(number: str, chance: random.Random) -> str:
    """Return a number issued a few documents later or earlier, that differs from this one in one digit.

    One time in ten it is ten or twenty documents away, as in a group.
    """
    while True:
        place = len(number) - (2 if chance.random() < 0.1 else 1)
        step = min(1 + int(chance.expovariate(0.7)), _MOST_STEPS) * chance.choice((1, -1))
        digit = int(number[place]) + step
        if 0 <= digit <= 9:
            return number[:place] + str(digit) + number[place + 1 :]


def misread_neighbour(listed: Invented, stranger: Invented, chance: random.Random) -> str:
    """Return the valid number of a stranger, misread so that it is one slip from the listed number too."""
    while True:
        body = listed.number[:6] + f"{stranger.born:%Y%m%d}" + listed.number[14:17]
        if stranger.born == listed.born:
            body = step_number(body, chance)
        own = body + compute_mod_11_2(body)
        odd = [place for place, (a, b) in enumerate(zip(own, listed.number, strict=True)) if a != b]
        if len(odd) == 2:
            # Both characters that differ stand in the number; one of them is read as the other's.
            kept = chance.choice(odd)
            return listed.number[:kept] + own[kept] + listed.number[kept + 1 :]
