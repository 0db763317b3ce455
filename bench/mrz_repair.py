"""How often a misread passport number is put right, put wrong, or refused. `python -m bench.mrz_repair`.

Numbers are made up at random (one or two letters, then digits); one character of each is misread, either as its
look-alike or as any other character.
"""

from __future__ import annotations

import random
import string
import time
from collections import Counter

from drivers.errors import MrzCheckFailed, MrzUnreadable
from drivers.proto.mrz_repair import read_mrz
from drivers.sim.mrz_specimens import build_passport

TRIALS = 20_000
LOOK_ALIKES = {a: b for pair in ("0O", "1I", "2Z", "5S", "8B") for a, b in (pair, pair[::-1])}
ANY = string.ascii_uppercase + string.digits


def misread(number: str, kind: str, chance: random.Random) -> str:
    places = [n for n, character in enumerate(number) if kind == "any other" or character in LOOK_ALIKES]
    if not places:
        return number
    place = chance.choice(places)
    right = number[place]
    others = [each for each in ANY if each not in (right, LOOK_ALIKES.get(right))]
    return (
        number[:place] + (LOOK_ALIKES[right] if kind == "look-alike" else chance.choice(others)) + number[place + 1 :]
    )


def try_one(kind: str, chance: random.Random) -> str:
    letters = chance.choice((1, 2))
    number = "".join(chance.choices(string.ascii_uppercase, k=letters) + chance.choices(string.digits, k=9 - letters))
    text = build_passport("ERIKSSON<<ANNA<MARIA", number, "740812", "F")
    wrong = misread(number, kind, chance)
    if wrong == number:
        return "nothing to misread"
    try:
        read = read_mrz(text.replace(number, wrong).split("\n"))
    except (MrzCheckFailed, MrzUnreadable):
        return "refused"
    if not read.repaired:
        return "not noticed"
    return "put right" if read.number == number else "put wrong"


def main() -> None:
    chance = random.Random(9303)
    for kind in ("look-alike", "any other"):
        began = time.perf_counter()
        found = Counter(try_one(kind, chance) for _ in range(TRIALS))
        cost_us = (time.perf_counter() - began) / TRIALS * 1e6
        shares = ", ".join(f"{name} {n / TRIALS:.1%}" for name, n in found.most_common())
        print(f"{kind}: {shares}; {cost_us:.0f} µs each")


if __name__ == "__main__":
    main()
