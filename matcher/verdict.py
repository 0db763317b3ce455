"""What the matcher answers: a verdict, how sure it is, and why, in words that a duty officer understands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

VerdictName = Literal["exact", "strong", "cleared"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature's finding. `weight_bits` > 0 speaks for the same person, < 0 against, 0 says nothing.

    The sentences name what agreed or did not, never the data itself.
    """

    feature: str  # number, check, sequence, kind, number_says, name, birth_date, sex, how_read
    verdict: str  # the feature's grade, as matcher/weights.toml lists it
    weight_bits: float
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`exact` (same number and nothing contradicts), `strong` (one slip, and the rest agrees) or `cleared`.

    `score` is in [0, 1]: the sum of bits on a logistic scale, for ordering and for reading, not for deciding.
    """

    verdict: VerdictName
    score: float
    reasons: tuple[Reason, ...] = field(default=())
