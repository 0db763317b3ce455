"""Equal treatment: whether strangers of one name format are troubled more often than others. A release gate.

Strangers one slip apart are drawn alike for each format, and the verdict is loosened (fewer bits needed, and neither
name nor birth date has to agree by itself) until every format has at least 200 false verdicts. None may then have
more than 1.25 times the rate of the rest; the same for people registered as born on 1 January.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.matcher.people import FORMATS
from bench.matcher.progress import track
from bench.matcher.strangers import make_stranger
from matcher.compare import compare_person

FEWEST_FALSE = 200
MOST_RATIO = 1.25
PASSPORT = "414"  # one kind for all, so that only the names differ


@dataclass(frozen=True, slots=True)
class Treatment:
    """One group at the loosened threshold: so many false verdicts of so many, and its rate against the rest's."""

    group: str
    false: int
    count: int
    ratio: float


def add_bits(chance: random.Random, format_: str, habit: float) -> tuple[float, bool]:
    """Return the bits that a stranger's verdict rests on, the number's aside, and whether born on 1 January."""
    pair = make_stranger(chance, format_, habit=habit, kind=PASSPORT)
    reasons = compare_person(pair.listed, pair.guest).reasons
    return sum(reason.weight_bits for reason in reasons if reason.feature != "number"), pair.is_habit


def loosen(groups: dict[str, Sequence[float]]) -> float:
    """Return the most bits at which every group has at least 200 false verdicts."""
    return min(sorted(bits, reverse=True)[FEWEST_FALSE - 1] for bits in groups.values())


def compare_groups(groups: dict[str, Sequence[float]], needed: float) -> list[Treatment]:
    """Return each group's false verdicts where so many bits are needed."""
    false = {group: sum(each >= needed for each in bits) for group, bits in groups.items()}
    found = []
    for group, bits in groups.items():
        others = sum(len(each) for name, each in groups.items() if name != group)
        rest = (sum(false.values()) - false[group]) / others
        found.append(Treatment(group, false[group], len(bits), false[group] / len(bits) / rest))
    return found


def treat(pairs: int, seed: int) -> bool:
    """Print both tables, and return whether nobody is treated worse than the gate allows."""
    chance = random.Random(f"treatment {seed}")
    drawn = {
        format_: [add_bits(chance, format_, 0.05) for _ in track(range(pairs), pairs, format_)] for format_ in FORMATS
    }
    by_format: dict[str, Sequence[float]] = {format_: [bits for bits, _ in each] for format_, each in drawn.items()}
    habit = [add_bits(chance, chance.choice(FORMATS), 0.5) for _ in track(range(2 * pairs), 2 * pairs, "habit")]
    by_habit: dict[str, Sequence[float]] = {
        "1 January": [bits for bits, born in habit if born],
        "other days": [bits for bits, born in habit if not born],
    }
    passed = True
    for title, groups in (("name format", by_format), ("birth date", by_habit)):
        needed = loosen(groups)
        print(f"{title}: {needed:.1f} bits needed")
        for each in compare_groups(groups, needed):
            is_fine = each.ratio <= MOST_RATIO
            passed &= is_fine
            mark = "" if is_fine else "  TOO HIGH"
            print(f"  {each.group:16} {each.false:6} of {each.count:7}  x{each.ratio:.2f}{mark}")
    return passed
