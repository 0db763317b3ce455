"""Fits the weights on invented people, and writes `matcher/weights.toml`. `python -m bench.matcher fit`.

Each weight in turn is tried a step up and a step down and keeps what makes the loss smaller, until nothing does. The
loss counts a missed person, one missed beside an error, and a troubled stranger as the table of figures does. Its
seeds are not those of `evaluate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matcher.weights
from matcher.compare import decide, grade_person, weigh_grades
from matcher.findings import NameFinding, Part, weigh_parts
from matcher.name_forms import parse_name
from matcher.names import compare_forms
from matcher.weights import WEIGHTS, Weights

from bench.matcher.pairs import Pair, draw
from bench.matcher.progress import track

SEED = 1_000_003
# What one wrong verdict costs, in shares of what the figures allow of its sort.
ALLOWED = {"same": 0.001, "spoiled": 0.01, "stranger": 0.0001}
FIXED = {("name", "not_comparable"), ("name", "too_little"), ("name", "forms_disagree"), ("decide", "exact")}
SECTIONS = ("check", "name", "name_part", "birth_date", "sex", "decide")
STEPS = (2.0, -2.0, 0.5, -0.5)


@dataclass(frozen=True, slots=True)
class Case:
    """A pair as far as weights do not matter: grades, and the parts of the name."""

    make: str
    grades: dict[str, str]
    parts: list[Part]


def collect(people: int, strangers: int) -> list[Case]:
    """Return the cases to fit on."""
    cases = []
    for make, count in (("same", people), ("spoiled", people), ("stranger", strangers)):
        cases += [_make_case(make, pair) for pair in track(draw(make, count, SEED), count, make)]
    return cases


def _make_case(make: str, pair: Pair) -> Case:
    parts = compare_forms(parse_name(pair.listed.names[0]), parse_name(pair.guest.names[0]))
    return Case(make, grade_person(pair.listed, pair.guest), parts)


def compute_loss(cases: list[Case], weights: Weights) -> float:
    """Return the shares of wrong verdicts, each in units of what is allowed, squared so that none is given up."""
    wrong, counts = dict.fromkeys(ALLOWED, 0), dict.fromkeys(ALLOWED, 0)
    for case in cases:
        counts[case.make] += 1
        found = decide(case.grades, weigh_grades(case.grades, weigh_name(case.parts, weights), weights), weights)
        wrong[case.make] += (found == "cleared") != (case.make == "stranger")
    return sum((wrong[make] / counts[make] / allowed) ** 2 for make, allowed in ALLOWED.items())


def weigh_name(parts: list[Part], weights: Weights) -> NameFinding:
    """Return what the name is worth at these weights."""
    if parts == [Part("not_comparable")]:
        return NameFinding("not_comparable", weights["name"]["not_comparable"])
    return weigh_parts(parts, weights)


def fit(people: int, strangers: int, *, write: bool) -> None:
    """Search, print what changed, and write the table where asked."""
    cases = collect(people, strangers)
    weights = {feature: dict(grades) for feature, grades in WEIGHTS.items()}
    best = compute_loss(cases, weights)
    print(f"loss before: {best:.3f}")
    improved = True
    while improved:
        improved = False
        for feature, grade in _list_weights(weights):
            for step in STEPS:
                weights[feature][grade] += step
                loss = compute_loss(cases, weights)
                if loss < best - 1e-9:
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
