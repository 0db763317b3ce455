"""Judges one guest against one decision, feature by feature. Keeps nothing of either."""

from __future__ import annotations

from typing import Final

from matcher.dates import grade_dates, grade_sex
from matcher.findings import NameFinding, says_nothing
from matcher.names import compare_names
from matcher.numbers import (
    SLIPS,
    are_of_one_family,
    grade_check,
    grade_sequence,
    grade_what_number_says,
    pick_document,
)
from matcher.person import Listed, Person, parse_birth_date
from matcher.texts import TEXTS
from matcher.verdict import Reason, Verdict, VerdictName
from matcher.weights import WEIGHTS, Weights

AGAINST: Final = ("name", "birth_date", "sex", "number_says")


def compare_person(listed: Listed, person: Person, weights: Weights = WEIGHTS) -> Verdict:
    """Return whether `person` is the one listed: exact, strong or cleared, with a reason for each feature.

    A number that is neither the same nor one slip away is cleared, whatever the rest says: a name finds nobody.
    So is a typed document, which the terminal never sends.
    """
    if person.how_read == "typed":
        return Verdict("cleared", 0.0, (_make_reason("how_read", "typed", 0.0),))
    grades = grade_person(listed, person)
    name = compare_names(listed.names, person.names, weights)
    bits = weigh_grades(grades, name, weights)
    found = {**grades, "name": name.grade}
    reasons = tuple(
        _make_reason(feature, grade, bits[feature]) for feature, grade in found.items() if (feature, grade) in TEXTS
    )
    return Verdict(decide(found, bits, weights), _score(sum(bits.values()), weights), reasons)


def grade_person(listed: Listed, person: Person) -> dict[str, str]:
    """Return the grade of every feature but the name."""
    document, number = pick_document(listed, person.document)
    born = parse_birth_date(person.birth_date)
    return {
        "number": number,
        "check": grade_check(document, person, number),
        "sequence": grade_sequence(document, person.document, number),
        "kind": "same" if are_of_one_family(document.kind, person.document.kind) else "different",
        "number_says": grade_what_number_says(document, person, born),
        "birth_date": grade_dates(parse_birth_date(listed.birth_date), born),
        "sex": grade_sex(listed.sex, person.sex),
    }


def weigh_grades(grades: dict[str, str], name: NameFinding, weights: Weights) -> dict[str, float]:
    """Return the bits of every feature, the name's included."""
    bits = {feature: weights[feature][grade] for feature, grade in grades.items()}
    if bits["number_says"] < 0 and min(bits["birth_date"], bits["sex"]) < 0:
        bits["number_says"] = 0.0  # the same contradiction is counted there
    if grades["birth_date"] in ("day_month_swapped", "one_digit"):
        bits["number_says"] = 0.0  # and a slip in the date explains it
    bits["name"] = name.bits
    return bits


def decide(grades: dict[str, str], bits: dict[str, float], weights: Weights) -> VerdictName:
    """Return the verdict that these bits come to. `grades` has the name's too.

    Of a slip, name and birth date together must agree: neither is enough where the other says nothing.
    """
    limits = weights["decide"]
    is_same, is_slip = grades["number"] == "same", grades["number"] in SLIPS
    if not (is_same or is_slip) or min(bits[feature] for feature in AGAINST) < limits["exact"]:
        return "cleared"
    if is_same and grades["kind"] == "same":
        return "exact"
    rest = sum(each for feature, each in bits.items() if feature != "number")
    speaks = not says_nothing(grades["name"]) and bits["birth_date"] > 0
    return "strong" if speaks and rest >= limits["strong"] else "cleared"


def _score(total_bits: float, weights: Weights) -> float:
    """Return total bits on a logistic scale that is 0.5 at a slip of the least strong verdict."""
    middle = weights["decide"]["strong"] + weights["number"]["wrong_character"]
    return round(1 / (1 + 2 ** -max(-60.0, min(60.0, (total_bits - middle) / 2))), 4)


def _make_reason(feature: str, grade: str, bits: float) -> Reason:
    chinese, english = TEXTS[feature, grade]
    return Reason(feature, grade, round(bits, 1), chinese, english)
