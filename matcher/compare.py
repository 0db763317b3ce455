"""Judges one guest against one decision, feature by feature. Keeps nothing of either."""

from __future__ import annotations

from matcher.dates import grade_dates, grade_sex
from matcher.names import grade_names
from matcher.numbers import SLIPS, are_of_one_family, grade_check, grade_what_number_says, pick_document
from matcher.person import Listed, Person, parse_birth_date
from matcher.texts import TEXTS
from matcher.verdict import Reason, Verdict, VerdictName
from matcher.weights import WEIGHTS

Weights = dict[str, dict[str, float]]


def compare_person(listed: Listed, person: Person, weights: Weights = WEIGHTS) -> Verdict:
    """Return whether `person` is the one listed: exact, strong or cleared, with a reason for each feature.

    A number that is neither the same nor one slip away is cleared, whatever the rest says: a name finds nobody.
    So is a typed document, which the terminal never sends.
    """
    if person.how_read == "typed":
        return Verdict("cleared", 0.0, (_make_reason("how_read", "typed", 0.0),))
    document, number = pick_document(listed, person.document)
    born = parse_birth_date(person.birth_date)
    same_kind = are_of_one_family(document.kind, person.document.kind)
    grades = {
        "number": number,
        "check": grade_check(document, person, number),
        "kind": "same" if same_kind else "different",
        "number_says": grade_what_number_says(document, person, born),
        "name": grade_names(listed.names, person.names),
        "birth_date": grade_dates(parse_birth_date(listed.birth_date), born),
        "sex": grade_sex(listed.sex, person.sex),
    }
    bits = {feature: weights[feature][grade] for feature, grade in grades.items()}
    reasons = tuple(
        _make_reason(feature, grade, bits[feature]) for feature, grade in grades.items() if (feature, grade) in TEXTS
    )
    return Verdict(_decide(number, same_kind, bits, weights), _score(sum(bits.values()), weights), reasons)


def _decide(number: str, same_kind: bool, bits: dict[str, float], weights: Weights) -> VerdictName:
    limits = weights["decide"]
    contradicts = min(bits["name"], bits["birth_date"], bits["sex"], bits["number_says"]) < limits["exact"]
    if number == "same" and same_kind and not contradicts:
        return "exact"
    rest = sum(each for feature, each in bits.items() if feature != "number")
    agrees = bits["name"] > 0 and bits["birth_date"] > 0
    is_near = number in SLIPS or number == "same"
    return "strong" if is_near and agrees and rest >= limits["strong"] else "cleared"


def _score(total_bits: float, weights: Weights) -> float:
    """Return total bits on a logistic scale that is 0.5 at a slip of the least strong verdict."""
    middle = weights["decide"]["strong"] + weights["number"]["wrong_character"]
    return round(1 / (1 + 2 ** -max(-60.0, min(60.0, (total_bits - middle) / 2))), 4)


def _make_reason(feature: str, grade: str, bits: float) -> Reason:
    chinese, english = TEXTS[feature, grade]
    return Reason(feature, grade, round(bits, 1), chinese, english)
