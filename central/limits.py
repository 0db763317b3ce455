"""How much a terminal may send, so that a noisy one cannot stop the others (FORMAT.md, "Limits").

What is accepted from a terminal is counted in the database, which several ingest processes share, in the commit that
happens anyway. Nobody else can spend it: old envelopes, which guests have too, are answered and cost nothing of it.
What is refused is counted by each process for itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from records.delivery import MAX_ITEMS
from records.envelope import MAX_ENVELOPE_BYTES

# Of an envelope: most have one unit, the longest possible has seven.
UNIT_BYTES = 5 * 1024  # what most records fit into
# A week's backlog of 10,000 envelopes goes at once, and as much again.
AT_ONCE, MOST_AT_ONCE = 20_000, 1_000_000
PER_MINUTE, MOST_PER_MINUTE = 30, 60_000
# A terminal's refusals, and those of everybody who has not signed anything good, together.
REFUSALS_AT_ONCE, REFUSALS_PER_S = 2000, 2.0
STRANGERS_AT_ONCE, STRANGERS_PER_S = 2000, 200.0
STRANGERS = b""
MOST_IN_A_DELIVERY = MAX_ITEMS * -(-MAX_ENVELOPE_BYTES // UNIT_BYTES)
LONGEST_WAIT_S = 600
_MS_PER_MINUTE = 60_000


def count_units(length: int) -> int:
    """Return how much an envelope of this length counts."""
    return -(-length // UNIT_BYTES)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What each terminal may have accepted: `at_once` units, which come back by `per_minute`.

    What a terminal has spent is one number: the time, in milliseconds since 1970, at which all has come back.
    """

    at_once: int = AT_ONCE
    per_minute: int = PER_MINUTE

    def find_wait_s(self, spent_until_ms: int, now_ms: int) -> int:
        """Return how many seconds a terminal has to wait before anything is taken; 0 where something is left."""
        missing_ms = self._cut(spent_until_ms, now_ms) - now_ms - self._full_ms + self._unit_ms
        return 0 if missing_ms <= 0 else min(-(-missing_ms // 1000), LONGEST_WAIT_S)

    def spend(self, spent_until_ms: int, now_ms: int, units: int) -> int:
        """Return the number after so many units more. A delivery is taken whole, so it may spend more than is left."""
        return max(self._cut(spent_until_ms, now_ms), now_ms) + units * self._unit_ms

    def _cut(self, spent_until_ms: int, now_ms: int) -> int:
        # More than this cannot have been spent: the clock was set back.
        return min(spent_until_ms, now_ms + self._full_ms + MOST_IN_A_DELIVERY * self._unit_ms)

    @property
    def _unit_ms(self) -> int:
        return _MS_PER_MINUTE // self.per_minute

    @property
    def _full_ms(self) -> int:
        return self.at_once * self._unit_ms


@dataclass(slots=True)
class Spending:
    """What the terminals of one transaction have spent, as read from the database, and what they spend in it."""

    allowance: Allowance
    spent_until_ms: dict[bytes, int]  # terminals that have never spent anything are not in it
    changed: dict[bytes, int] = field(default_factory=dict)

    def find_wait_s(self, terminal: bytes, now_ms: int) -> int:
        """Return how many seconds a terminal has to wait; 0 where something is left."""
        return self.allowance.find_wait_s(self._look(terminal), now_ms)

    def spend(self, terminal: bytes, now_ms: int, units: int) -> None:
        """Take units from a terminal's allowance."""
        self.changed[terminal] = self.allowance.spend(self._look(terminal), now_ms, units)

    def _look(self, terminal: bytes) -> int:
        return self.changed.get(terminal, self.spent_until_ms.get(terminal, 0))


class WaitingTerminals:
    """Terminals that were told to wait, so that asking all the same costs no look at a signature and no database.

    Only what a terminal itself has sent brings it here, so nobody can put another one here.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until_s: dict[bytes, float] = {}

    def __bool__(self) -> bool:
        return bool(self._until_s)

    def note(self, terminal: bytes, wait_s: int) -> None:
        """Take note that a terminal has to wait."""
        self._until_s[terminal] = self._monotonic() + wait_s

    def find_wait_s(self, terminal: bytes) -> int:
        """Return how many seconds a terminal has to wait still; 0 for none."""
        left_s = self._until_s.get(terminal, float("-inf")) - self._monotonic()
        if left_s > 0:
            return int(left_s) + 1
        self._until_s.pop(terminal, None)
        return 0


class RefusalBudget:
    """How many refusals are signed and counted. Whoever has none left gets no answer to an item, and may ask again.

    All who have not signed anything good share one, since nobody knows who they are.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._left: dict[bytes, tuple[float, float]] = {}  # how many, and when; as many as there are terminals

    def take(self, who: bytes) -> bool:
        """Take one refusal of a terminal, or of STRANGERS; False where none is left."""
        most, per_s = (STRANGERS_AT_ONCE, STRANGERS_PER_S) if who == STRANGERS else (REFUSALS_AT_ONCE, REFUSALS_PER_S)
        with self._lock:
            now_s = self._monotonic()
            left, at_s = self._left.get(who, (float(most), now_s))
            left = min(most, left + (now_s - at_s) * per_s)
            self._left[who] = max(0.0, left - 1), now_s
            return left >= 1
