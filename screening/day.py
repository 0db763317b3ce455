"""Everything that exists only while a permit is in force, in memory: the tag index and the passing keys."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from records.comparing.lists import DecisionTree
from records.comparing.permits import Permit
from records.comparing.station_keys import DayKey
from records.suite import HybridPublicKey
from screening.audit import EndingBook, OfficeAct
from screening.clock import Clock
from screening.errors import NoPermit
from screening.index import TagIndex
from screening.passing import PassingKeys

# Silence from the desk ends the day.
SILENCE_S = 300.0


@dataclass(slots=True)
class Day:
    """One permit's. `heard_s` is when the desk last said that it is still in force (monotonic)."""

    permit: Permit
    tree: DecisionTree = field(repr=False)
    index: TagIndex = field(repr=False)
    passing: PassingKeys = field(repr=False)
    heard_s: float
    marks: Mapping[bytes, Collection[bytes]] = field(default_factory=dict, repr=False)
    day_key: DayKey | None = None  # the station's; without it there are no answers

    @property
    def station_key(self) -> HybridPublicKey:
        """What answers are sealed to. Raises: NoPermit("day key") before the station's key is here."""
        if self.day_key is None:
            raise NoPermit("day key")
        return self.day_key.key

    def is_in_force(self, clock: Clock) -> bool:
        """Tell whether the permit's time and the desk's word still hold."""
        return self.permit.is_in_force(clock.now()) and clock.monotonic() - self.heard_s < SILENCE_S

    def destroy(self) -> None:
        """Overwrite and drop all of it."""
        self.index.destroy()
        self.passing.destroy()
        self.marks = {}


class DayHolder:
    """Who compares and who ends the day take turns: after `end` returns nothing is compared any more."""

    def __init__(self, clock: Clock, endings: EndingBook) -> None:
        """`endings` gets what was destroyed, for the audit log: nothing here waits for a disk."""
        self._clock, self._endings = clock, endings
        self._turn = threading.RLock()
        self._day: Day | None = None
        self.why_off = "not begun"

    @contextmanager
    def holding(self) -> Iterator[Day]:
        """Hold the day while the block runs. Raises: NoPermit where there is none in force any more."""
        with self._turn:
            if self._day is not None and not self._day.is_in_force(self._clock):
                self.end("silence" if self._day.permit.is_in_force(self._clock.now()) else "expired")
            if self._day is None:
                raise NoPermit
            yield self._day

    def begin(self, day: Day) -> None:
        """Begin a day; the one before it is destroyed first."""
        with self._turn:
            self.end("another permit")
            self._day, self.why_off = day, ""

    def hear(self, permit: int) -> None:
        """Write down that the desk said just now that this permit is in force."""
        with self._turn:
            if self._day is not None and self._day.permit.number == permit:
                self._day.heard_s = self._clock.monotonic()

    def end(self, why: str) -> bool:
        """Destroy index and keys; False where there were none."""
        with self._turn:
            if self._day is None:
                return False
            day = self._day
            day.destroy()
            self._day, self.why_off = None, why
            self._endings.owe(OfficeAct.DESTROY_INDEX, f"{day.permit.number} {why}")
            self._tell_keys(day)
            return True

    def end_if_over(self) -> bool:
        """End the day where permit or silence ends it. Return whether it did."""
        try:
            with self.holding() as day:
                # Here, where nobody on the relay's line can hold it up.
                day.passing.forget_old()
                self._tell_keys(day)
                return False
        except NoPermit:
            return self.why_off in ("silence", "expired")

    def _tell_keys(self, day: Day) -> None:
        if gone := day.passing.take_gone():
            self._endings.owe(OfficeAct.DESTROY_KEYS, f"{day.permit.number} {gone}")

    @property
    def permit(self) -> int:
        """The number of the permit in force, 0 without one."""
        with self._turn:
            return 0 if self._day is None else self._day.permit.number


def subtract(day: Day, ended: Collection[bytes], today_expired: Sequence[bytes]) -> int:
    """Take decisions out that are over or have expired. Return how many there were."""
    leaves = {each.leaf for each in day.index.list_decisions()} & {*ended, *today_expired}
    return sum(day.index.drop(leaf) for leaf in leaves)
