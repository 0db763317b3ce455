"""What comparing two names found, part by part, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from matcher.weights import Weights

# From the best to the worst; the worst of its parts is the grade of a name.
GRADES: Final = (
    "same", "order", "variant", "romanised", "joined", "spelling", "cut", "same_sound_and_tone", "vowels", "nickname",
    "consonants", "same_sound", "initial", "missing", "look_alike", "typo",
    "consonants_typo", "typo_known", "too_little", "not_comparable", "forms_disagree",
    "part_different", "different",
)  # fmt: skip
_RANK: Final = {grade: rank for rank, grade in enumerate(GRADES)}
_SAYS_NOTHING: Final = frozenset({"too_little", "not_comparable", "forms_disagree"})
_AGREES_IN_PART: Final = frozenset({"missing", "different", "initial"})
# A name with two of these is rather another name.
_ERRORS: Final = frozenset(
    {"missing", "look_alike", "typo", "consonants_typo", "typo_known", "nickname", "same_sound", "same_sound_and_tone"}
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a name (a character, a syllable, a word): how it compares, and how rare it is, in bits."""

    grade: str
    rarity: float = 0.0


@dataclass(frozen=True, slots=True)
class NameFinding:
    """How two names compare: the grade, and the bits that it is worth."""

    grade: str
    bits: float


def weigh_parts(parts: Iterable[Part], weights: Weights) -> NameFinding:
    """Return the finding of a whole name. Every part must be explained: one that differs cannot be outweighed."""
    parts = list(parts)
    grades = {part.grade for part in parts}
    errors = sum(part.grade in _ERRORS for part in parts if part.grade != "missing") + ("missing" in grades)
    if "different" in grades or errors > 1:
        grade = "part_different" if grades - _AGREES_IN_PART else "different"
        return NameFinding(grade, weights["name"][grade])
    full = sum(part.grade not in _AGREES_IN_PART for part in parts)
    if not full or ("missing" in grades and full < 2):
        return NameFinding("too_little", weights["name"]["too_little"])
    offsets, shares = weights["name_part"], weights["name_part_rarity"]
    most = weights["name"]["most_of_a_part"]  # a family shares a rare surname too
    bits = sum(min(most, offsets[part.grade] + shares[part.grade] * part.rarity) for part in parts)
    worst = max(grades, key=_RANK.__getitem__)
    return NameFinding(worst, min(bits, weights["name"]["most"]))


def says_nothing(grade: str) -> bool:
    """Tell whether a grade speaks neither for nor against."""
    return grade in _SAYS_NOTHING


def pick_best(findings: Iterable[NameFinding]) -> NameFinding | None:
    """Return the finding of most bits, or None of none; of equal ones the one of the better grade."""
    return max(findings, key=lambda each: (each.bits, -_RANK[each.grade]), default=None)
