"""One board: a month of one station or of the district, in figures that point at nobody, whatever one compares.

Every count is hidden below five and told in steps of five above (`round_count`). So no two boards, filters, months or
looks at different times can be subtracted from each other to find one alert: the difference of two is a step or none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from records.comparing.mail import Outcome
from records.small_counts import FEWEST, hide_small, round_count
from station.alerts.states import OPEN, State
from station.boards.figures import STEPS_S, WITHDRAWN, Figures, Kind
from station.boards.guests import Share, make_share
from station.store.alerts import AlertRow

# A share of fewer would be one alert's fate; a nine in ten of fewer, one alert's time.
FEWEST_FOR_P90 = 2 * FEWEST
PERCENT_STEP = 5
# How long alerts have been open: upper ends of the steps, seconds; the last has none.
AGES_S = (900, 3600, 14_400)
VERDICTS = ("exact", "strong")
WAYS_TO_END = (*map(str, Outcome), WITHDRAWN)
OPEN_STATES = tuple(state for state in State if state in OPEN)


@dataclass(frozen=True, slots=True)
class Counted:
    """One line of a board: what is counted, and how often; None stands for one to four."""

    name: str
    n: int | None


@dataclass(frozen=True, slots=True)
class Precision:
    """How often alerts of a court and verdict were right, of those of which it is known."""

    court: str
    verdict: str
    judged: int | None
    right_percent: int | None  # in steps of five; None where right ones or false ones were so few


@dataclass(frozen=True, slots=True)
class Times:
    """How long it took until something was reached: the steps that the middle and nine in ten fell into."""

    kind: Kind
    steps: tuple[int | None, ...]
    median: int | None  # number of a step
    p90: int | None

    @property
    def first(self) -> int | None:
        """The number of the first step that anything fell into; None where there is nothing."""
        return next((number for number, n in enumerate(self.steps) if n != 0), None)

    @property
    def last(self) -> int | None:
        """The number of the last one."""
        return next((number for number, n in reversed(tuple(enumerate(self.steps))) if n != 0), None)


@dataclass(frozen=True, slots=True)
class OpenByAge:
    """How many alerts in one state have been open for how long."""

    state: str
    ages: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A board."""

    month: str
    ended: tuple[Counted, ...]
    precision: tuple[Precision, ...]
    times: tuple[Times, ...]
    open: tuple[OpenByAge, ...]
    trend: tuple[Counted, ...]  # ended in each month, the oldest first
    shares: tuple[Share, ...]  # of the months that the office told of, the oldest first; of all stations together alone


def make_board(
    month: str, figures: Figures, trend: Sequence[tuple[str, Figures]], rows: Collection[AlertRow], now: datetime
) -> Board:
    """Return the board of a month; `rows` are the alerts that are open, `trend` the months, the oldest first."""
    shares = (make_share(name, each) for name, each in trend)
    return Board(
        month,
        tuple(Counted(way, round_count(figures.read(Kind.ENDED, way))) for way in WAYS_TO_END),
        tuple(_judge(figures, court, verdict) for court in figures.list_courts() for verdict in VERDICTS),
        tuple(_time(figures, kind) for kind in (Kind.ACCEPTED, Kind.ARRIVED, Kind.CLOSED)),
        tuple(_sort_by_age(rows, state, now) for state in OPEN_STATES),
        tuple(Counted(name, round_count(_count_ended(each))) for name, each in trend),
        tuple(share for share in shares if share is not None),
    )


def find_quantile(steps: Sequence[int], share: float) -> int | None:
    """Return the number of the step that a share of all lies in or below; None where there is nothing."""
    wanted, seen = ceil(sum(steps) * share), 0
    for number, n in enumerate(steps):
        seen += n
        if wanted and seen >= wanted:
            return number
    return None


def _count_ended(figures: Figures) -> int:
    return sum(figures.read(Kind.ENDED, way) for way in WAYS_TO_END)


def _judge(figures: Figures, court: str, verdict: str) -> Precision:
    right, false = (figures.read(Kind.JUDGED, court, verdict, each) for each in ("right", "false"))
    total = right + false
    # A share tells the smaller part of the two where the whole is known.
    is_told = total >= FEWEST and None not in (hide_small(right), hide_small(false))
    percent = round(right * 100 / total / PERCENT_STEP) * PERCENT_STEP if is_told else None
    return Precision(court, verdict, round_count(total), percent)


def _time(figures: Figures, kind: Kind) -> Times:
    steps = figures.read_steps(kind)
    n = sum(steps)
    median = find_quantile(steps, 0.5) if n >= FEWEST else None
    p90 = find_quantile(steps, 0.9) if n >= FEWEST_FOR_P90 else None
    return Times(kind, tuple(map(round_count, steps)), median, p90)


def _sort_by_age(rows: Collection[AlertRow], state: State, now: datetime) -> OpenByAge:
    ages = [int(now.timestamp()) - row.raised_at for row in rows if row.state == state]
    lower, counts = (0, *AGES_S), []
    for start, end in zip(lower, (*AGES_S, None), strict=True):
        counts.append(sum(age >= start and (end is None or age < end) for age in ages))
    return OpenByAge(state, tuple(map(round_count, counts)))


def name_step(number: int) -> tuple[int, bool]:
    """Return the seconds up to which a step goes, and True for the last, which goes beyond them."""
    return STEPS_S[min(number, len(STEPS_S) - 1)], number >= len(STEPS_S)
