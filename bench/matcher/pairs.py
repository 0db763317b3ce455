"""Pairs of a listed person and a guest, whose truth is known: the same person, or a stranger one slip away."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bench.matcher.corrupt import ERRORS, SLIPS, respell, slip_number, spoil, swap_day_and_month
from bench.matcher.people import invent
from bench.matcher.reading import Pair, pair_up, slip_visibly
from bench.matcher.strangers import make_stranger


def make_same(chance: random.Random, format_: str = "", how: str = "") -> Pair:
    """Return one person twice: a slip in the number (or none, one time in six), the name spelled anew."""
    person = invent(format_, chance)
    slip = how or chance.choice((*SLIPS, "same"))
    number = person.number if slip == "same" else slip_number(person.number, slip, chance)
    return pair_up(person, slip, respell(person, chance), number, chance)


def make_spoiled(chance: random.Random, format_: str = "", how: str = "") -> Pair:
    """Return one person twice, with a slip in the number and one error in name or birth date."""
    person = invent(format_, chance)
    errors = [how] if how else [*ERRORS, "date_swapped"]
    chance.shuffle(errors)
    for error in errors:
        born = swap_day_and_month(person.born) if error == "date_swapped" else person.born
        name = respell(person, chance) if error == "date_swapped" else spoil(person, error, chance)
        if born is not None and name is not None:
            return pair_up(person, error, name, slip_visibly(person, chance), chance, born)
    return make_spoiled(chance, format_, how)


def draw(make: str, count: int, seed: int) -> Iterator[Pair]:
    """Yield so many pairs of one sort: same, spoiled or stranger."""
    chance = random.Random(f"{make} {seed}")
    maker = {"same": make_same, "spoiled": make_spoiled, "stranger": make_stranger}[make]
    for _ in range(count):
        yield maker(chance)
