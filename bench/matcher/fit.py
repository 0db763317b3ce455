"""Fits the weights on invented people, and writes `matcher/weights.toml`. `python -m bench.matcher fit`.

The loss is that of a logistic regression in bits: each pair costs log2(1 + 2^-margin), where the margin is how far the
verdict is on its right side. Each sort of pairs weighs by what the figures allow of it, strangers more. Every weight
that is fitted starts anew, whatever the table says, and moves by steps as long as that makes the loss smaller: the same
seed gives the same table. Twins are drawn in greater number than they have in the mix and weigh less each, because
nearly all false verdicts are theirs. The seeds are not those of `evaluate`.
"""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import matcher.weights
from bench.matcher.pairs import draw
from bench.matcher.progress import track
from bench.matcher.reading import Pair
from bench.matcher.strangers import STRANGERS, make_stranger
from matcher.compare import AGAINST, decide, grade_person, weigh_grades
from matcher.findings import NameFinding, Part, says_nothing, weigh_parts
from matcher.name_forms import parse_name
from matcher.names import compare_forms
from matcher.weights import WEIGHTS, Weights

SEED = 1_000_003
# What is allowed of wrong verdicts, of each sort: less than the figures allow, so that chance has room. Strangers weigh
# more, because a missed person may still be recognised by somebody and a troubled one has been troubled.
ALLOWED = {"same": 0.0005, "spoiled": 0.005, "stranger": 0.000015}
# Each weight that is fitted, with the least and the most it may be: agreement never counts against the same agreement
# in a better grade, and what the rules call a sign against never speaks for.
_AGREES, _PART = (-2.0, 0.0), (-24.0, 4.0)
AGREEMENTS = ("order", "variant", "romanised", "joined", "spelling", "consonants")
ERRORS = (
    "same_sound_and_tone", "same_sound", "vowels", "look_alike", "typo", "consonants_typo", "typo_known"
)  # fmt: skip
BOUNDS: dict[tuple[str, str], tuple[float, float]] = {
    **{("name_part", grade): _AGREES for grade in AGREEMENTS},
    **{("name_part", grade): _PART for grade in (*ERRORS, "missing")},
    ("name_part", "initial"): (0.0, 4.0),
    # How much of its rarity a part with an error is worth: the rarer the character, the rarer a slip into it.
    **{("name_part_rarity", grade): (0.0, 1.0) for grade in ERRORS},
    ("check", "guest_misread"): (0.0, 6.0),
    ("check", "list_mistaken"): (0.0, 6.0),
    ("check", "both_valid"): (-8.0, -1.0),
    ("sequence", "at_end"): (-8.0, 0.0),
    ("birth_date", "same_habit"): (0.0, 12.0),
    ("birth_date", "day_month_swapped"): (0.0, 11.0),
    ("decide", "strong"): (1.0, 30.0),
}
# Where the search begins; everything else begins at 0, or at what is nearest to it within the bounds. Begun at 0
# altogether it ends where no sign against counts, because one alone changes nothing.
START = {
    ("decide", "strong"): 8.0,
    ("sequence", "at_end"): -4.0,
    ("check", "both_valid"): -4.0,
    ("birth_date", "same_habit"): 10.0,
    ("birth_date", "day_month_swapped"): 9.0,
    **{("name_part", grade): -4.0 for grade in (*ERRORS, "missing")},
}
# Of the strangers, these shares are twins; the other sorts share the rest.
DRAWN = {"twin": 0.45, "misread_twin": 0.05}
# Of two characters; each is worth no more than the one before it, however rare the character.
ORDER = ("same", "variant", "same_sound_and_tone", "same_sound", "look_alike")
_RARITIES = (2.0, 13.0)
STEPS = (4.0, -4.0, 1.0, -1.0, 0.5, -0.5)
STEPS_OF_A_SHARE = (0.5, -0.5, 0.25, -0.25, 0.125, -0.125)
LEAST_GAIN = 0.001
_NOT_FOUND = -30.0  # bits, of a pair that no weight would bring back


@dataclass(frozen=True, slots=True)
class Case:
    """A pair as far as weights do not matter: grades, the parts of the name, and what a wrong verdict on it costs."""

    make: str  # same, spoiled or stranger
    grades: dict[str, str]
    parts: list[Part]
    cost: float

    @property
    def is_same(self) -> bool:
        """Tell whether the two are one person."""
        return self.make != "stranger"


def collect(people: int, strangers: int) -> list[Case]:
    """Return what to fit on."""
    cases = []
    for make in ("same", "spoiled"):
        cost = 1 / people / ALLOWED[make]
        cases += [_make_case(make, pair, cost) for pair in track(draw(make, people, SEED), people, make)]
    for what, share in STRANGERS.items():
        count = max(1, round(strangers * DRAWN.get(what, share / 200)))
        cost = share / sum(STRANGERS.values()) / count / ALLOWED["stranger"]
        chance = random.Random(f"fit {what} {SEED}")
        drawn = (make_stranger(chance, how=what) for _ in range(count))
        cases += [_make_case("stranger", pair, cost) for pair in track(drawn, count, what)]
    return [case for case in cases if _can_be_found(case) or case.is_same]


def _make_case(make: str, pair: Pair, cost: float) -> Case:
    parts = compare_forms(parse_name(pair.listed.names[0]), parse_name(pair.guest.names[0]))
    return Case(make, grade_person(pair.listed, pair.guest), parts, cost)


def _make_generous() -> Weights:
    """Return weights at which everything is found that can be at any: what these clear, no weight brings back."""
    generous = {feature: dict(grades) for feature, grades in WEIGHTS.items()}
    for (feature, grade), (_, most) in BOUNDS.items():
        generous[feature][grade] = most
    generous["name_part"] = dict.fromkeys(generous["name_part"], 8.0)
    generous["name_part_rarity"] = dict.fromkeys(generous["name_part_rarity"], 1.0)
    generous["decide"]["strong"] = 1.0
    return generous


GENEROUS = _make_generous()


def _can_be_found(case: Case) -> bool:
    return measure_margin(case, GENEROUS) > 0


def weigh_name(parts: list[Part], weights: Weights) -> NameFinding:
    """Return what the name is worth at these weights."""
    if parts == [Part("not_comparable")]:
        return NameFinding("not_comparable", weights["name"]["not_comparable"])
    return weigh_parts(parts, weights)


def measure_margin(case: Case, weights: Weights) -> float:
    """Return by how many bits a pair is found; below zero it is cleared."""
    name = weigh_name(case.parts, weights)
    bits = weigh_grades(case.grades, name, weights)
    if case.grades["number"] == "same":
        return -_NOT_FOUND if decide({**case.grades, "name": name.grade}, bits, weights) == "exact" else _NOT_FOUND
    if case.grades["number"] == "different" or says_nothing(name.grade):
        return _NOT_FOUND
    limits = weights["decide"]
    rest = sum(each for feature, each in bits.items() if feature != "number") - limits["strong"]
    against = min(bits[feature] for feature in AGAINST) - limits["exact"]
    return max(_NOT_FOUND, min(rest, against, bits["birth_date"]))


def compute_cost(case: Case, weights: Weights) -> float:
    """Return what a pair costs at these weights."""
    margin = measure_margin(case, weights)
    return case.cost * math.log2(1 + 2.0 ** (-margin if case.is_same else margin))


def keeps_order(weights: Weights) -> bool:
    """Tell whether no grade of two characters is worth more than a better one."""
    offsets, shares = weights["name_part"], weights["name_part_rarity"]
    return all(
        offsets[better] + shares[better] * rarity >= offsets[worse] + shares[worse] * rarity
        for better, worse in pairwise(ORDER)
        for rarity in _RARITIES
    )


class Search:
    """Moves the weights one at a time, and keeps what each pair costs, so that only the pairs it touches are redone."""

    def __init__(self, cases: list[Case], weights: Weights) -> None:
        self.cases = cases
        self.weights = {feature: dict(grades) for feature, grades in weights.items()}
        for (feature, grade), (least, most) in BOUNDS.items():
            self.weights[feature][grade] = START.get((feature, grade), min(max(0.0, least), most))
        self._touched = _list_touched(cases)
        self._costs = [compute_cost(case, self.weights) for case in cases]

    def run(self) -> float:
        """Move until no step of one weight makes the loss smaller, and return the loss."""
        before = math.inf
        while (loss := sum(self._costs)) < before - LEAST_GAIN:
            before = loss
            for key in BOUNDS:
                while self._step(key):
                    pass
        return loss

    def _step(self, key: tuple[str, str]) -> bool:
        """Take the first step of one weight that makes the loss smaller, if there is one."""
        (feature, grade), (least, most) = key, BOUNDS[key]
        was, before = self.weights[feature][grade], sum(self._costs[place] for place in self._touched[key])
        for step in STEPS_OF_A_SHARE if feature == "name_part_rarity" else STEPS:
            self.weights[feature][grade] = min(max(was + step, least), most)
            if not keeps_order(self.weights):
                continue
            tried = {place: compute_cost(self.cases[place], self.weights) for place in self._touched[key]}
            if sum(tried.values()) < before - LEAST_GAIN:
                for place, each in tried.items():
                    self._costs[place] = each
                return True
        self.weights[feature][grade] = was
        return False


def search(cases: list[Case], weights: Weights) -> Weights:
    """Return the weights that are fitted to these cases; those that are not, as they are given."""
    found = Search(cases, weights)
    print(f"loss {found.run():.3f}")
    return found.weights


def _list_touched(cases: list[Case]) -> dict[tuple[str, str], list[int]]:
    """Return which cases a weight has a say in."""
    touched = defaultdict(list)
    for place, case in enumerate(cases):
        parts = {part.grade for part in case.parts}
        shares = (("name_part_rarity", grade) for grade in parts)
        for key in {*case.grades.items(), *(("name_part", grade) for grade in parts), *shares, ("decide", "strong")}:
            touched[key].append(place)
    return touched


def fit(people: int, strangers: int, *, write: bool) -> None:
    """Search, print the weights that were fitted, and write the table where asked."""
    cases = collect(people, strangers)
    weights = search(cases, WEIGHTS)
    for feature, grade in BOUNDS:
        print(f"{feature}.{grade} = {weights[feature][grade]:.2f}  (was {WEIGHTS[feature][grade]:.2f})")
    for make, wrong in count_wrong(cases, weights):
        print(f"{make}: {wrong:.2f} of what is allowed in fitting")
    if write:
        write_weights(Path(matcher.weights.__file__).with_name("weights.toml"), weights)


def count_wrong(cases: list[Case], weights: Weights) -> Iterator[tuple[str, float]]:
    """Yield the share of wrong verdicts of each sort of pairs, in shares of what is allowed."""
    for make in ALLOWED:
        judged = ((measure_margin(case, weights) >= 0, case) for case in cases if case.make == make)
        yield make, sum(case.cost for found, case in judged if found != case.is_same)


def write_weights(path: Path, weights: Weights) -> None:
    """Write each weight into its line of the table; the comments stay."""
    feature, lines = "", []
    for line in path.read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            feature = heading[1]
        if entry := re.fullmatch(r"(\w+) = \S+", line):
            line = f"{entry[1]} = {weights[feature][entry[1]]}"
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", "utf-8")
