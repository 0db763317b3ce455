"""How often the matcher is right, on invented people whose truth is known. `python -m bench.matcher evaluate`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.matcher.pairs import draw
from bench.matcher.progress import track
from bench.matcher.reading import Pair
from matcher.compare import compare_person
from matcher.weights import WEIGHTS


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with its 95% interval after Wilson."""

    hits: int
    count: int

    @property
    def value(self) -> float:
        """Return the share itself."""
        return self.hits / self.count if self.count else math.nan

    def interval(self) -> tuple[float, float]:
        """Return the lower and the upper end of the 95% interval."""
        n, p, z = self.count, self.value, 1.96
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        spread = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - spread), min(1.0, middle + spread)

    def write(self) -> str:
        """Return the share and its interval for a table."""
        low, high = self.interval()
        return f"{self.value:.4%} ({self.hits}/{self.count}, {low:.4%} to {high:.4%})"


def count_found(pairs: Iterable[Pair], weights: dict[str, dict[str, float]] = WEIGHTS) -> dict[tuple[str, str], Share]:
    """Return the share of pairs judged exact or strong, by (sort, value): all, format, what was done, habit."""
    hits: Counter[tuple[str, str]] = Counter()
    counts: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        found = compare_person(pair.listed, pair.guest, weights).verdict != "cleared"
        habit = "1 January" if pair.is_habit else "other days"
        for key in (("all", ""), ("format", pair.format), ("what", pair.what), ("born", habit)):
            counts[key] += 1
            hits[key] += found
    return {key: Share(hits[key], counts[key]) for key in counts}


ROWS = (
    ("same", "listed guest, one slip or none, same name in any spelling", ">= 99.9%"),
    ("spoiled", "... and one error in the name, or day and month swapped", ">= 99%"),
    ("stranger", "stranger one slip away with another name or birth date", "<= 0.01%"),
)


def evaluate(people: int, strangers: int, seed: int) -> None:
    """Print the shares found, each row with its parts."""
    print(f"seed {seed}; exact or strong, 95% intervals")
    for make, text, target in ROWS:
        count = strangers if make == "stranger" else people
        found = count_found(track(draw(make, count, seed), count, make))
        print(f"\n{text} (to reach: {target})")
        for key, share in sorted(found.items()):
            print(f"  {' '.join(key):28} {share.write()}")
