"""Fits the weights on invented people, and writes `matcher/weights.toml`. `python -m bench.matcher fit`.

Each weight in turn is tried a step up and a step down and keeps what makes the loss smaller, until nothing does. The
loss counts a missed person, one missed beside an error, and a troubled stranger as the table of figures does. Its
seeds are not those of `evaluate`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matcher.weights
from bench.matcher.pairs import Pair, draw
from bench.matcher.progress import track
from matcher.compare import decide, grade_person, weigh_grades
from matcher.findings import NameFinding, Part, weigh_parts
from matcher.name_forms import parse_name
from matcher.names import compare_forms
from matcher.weights import WEIGHTS, Weights

SEED = 1_000_003
# What one wrong verdict costs, in shares of what the figures allow of its sort.
ALLOWED = {"same": 0.001, "spoiled": 0.01, "stranger": 0.0001}
# What is fitted; the other weights say by their sign alone what the rules ask for: agreement of sex counts nothing.
SECTIONS = ("name_part", "birth_date", "decide")
FIXED = {
    ("decide", "exact"),
    ("birth_date", "same_habit"),
    ("birth_date", "unknown"),
    ("birth_date", "one_digit"),
    ("birth_date", "contradiction"),
}
# A weight moves only for a gain that a few chance pairs do not make.
LEAST_GAIN = 0.1
STEPS = (2.0, -2.0, 0.5, -0.5)


@dataclass(frozen=True, slots=True)
class Case:
    """A pair as far as weights do not matter: grades, and the parts of the name."""

    make: str
    grades: dict[str, str]
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Sample:
    """The cases on which weights decide, how many of each sort were drawn, and how many are missed at any weights."""

    cases: list[Case]
    counts: dict[str, int]
    lost: Counter[str]


def collect(people: int, strangers: int) -> Sample:
    """Return what to fit on."""
    counts = {"same": people, "spoiled": people, "stranger": strangers}
    cases, lost = [], Counter[str]()
    for make, count in counts.items():
        for pair in track(draw(make, count, SEED), count, make):
            case = _make_case(make, pair)
            if decide_all(case, GENEROUS) != "cleared":
                cases.append(case)
            elif make != "stranger":
                lost[make] += 1
    return Sample(cases, counts, lost)


def _make_generous() -> Weights:
    """Return weights at which everything is found that can be at any: what these clear, no weight brings back."""
    generous = {feature: dict(grades) for feature, grades in WEIGHTS.items()}
    generous["decide"]["strong"] = 1.0
    generous["name_part"] = dict.fromkeys(generous["name_part"], 8.0)
    return generous


GENEROUS = _make_generous()


def decide_all(case: Case, weights: Weights) -> str:
    """Return the verdict on a case at these weights."""
    return decide(case.grades, weigh_grades(case.grades, weigh_name(case.parts, weights), weights), weights)


def _make_case(make: str, pair: Pair) -> Case:
    parts = compare_forms(parse_name(pair.listed.names[0]), parse_name(pair.guest.names[0]))
    return Case(make, grade_person(pair.listed, pair.guest), parts)


def compute_loss(sample: Sample, weights: Weights) -> float:
    """Return the shares of wrong verdicts, each in units of what is allowed, squared so that none is given up."""
    wrong = sample.lost.copy()
    for case in sample.cases:
        wrong[case.make] += (decide_all(case, weights) == "cleared") != (case.make == "stranger")
    return sum((wrong[make] / sample.counts[make] / allowed) ** 2 for make, allowed in ALLOWED.items())


def weigh_name(parts: list[Part], weights: Weights) -> NameFinding:
    """Return what the name is worth at these weights."""
    if parts == [Part("not_comparable")]:
        return NameFinding("not_comparable", weights["name"]["not_comparable"])
    return weigh_parts(parts, weights)


def fit(people: int, strangers: int, *, write: bool) -> None:
    """Search, print what changed, and write the table where asked."""
    sample = collect(people, strangers)
    weights = {feature: dict(grades) for feature, grades in WEIGHTS.items()}
    best = compute_loss(sample, weights)
    print(f"loss before: {best:.3f}")
    improved = True
    while improved:
        improved = False
        for feature, grade in _list_weights(weights):
            for step in STEPS:
                weights[feature][grade] += step
                loss = compute_loss(sample, weights)
                if loss < best - LEAST_GAIN:
                    best, improved = loss, True
                    print(f"{feature}.{grade} = {weights[feature][grade]:.1f}: {loss:.3f}")
                    break
                weights[feature][grade] -= step
    if write:
        write_weights(Path(matcher.weights.__file__).with_name("weights.toml"), weights)


def _list_weights(weights: Weights) -> Iterator[tuple[str, str]]:
    for feature in SECTIONS:
        yield from ((feature, grade) for grade in weights[feature] if (feature, grade) not in FIXED)


def write_weights(path: Path, weights: Weights) -> None:
    """Write each weight into its line of the table; the comments stay."""
    feature, lines = "", []
    for line in path.read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            feature = heading[1]
        if entry := re.fullmatch(r"(\w+) = \S+", line):
            line = f"{entry[1]} = {weights[feature][entry[1]]:.1f}"
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", "utf-8")
