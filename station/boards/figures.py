"""What the boards are made of: counts by month and station, added once for each alert that has ended.

Months are the finest there is, and times fall into steps: nothing here says when an alert was, nor how long one took.
Everything is counted in the month in which the alert ended (UTC).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from records.comparing.mail import Outcome
from station.alerts.quieting import FALSE
from station.alerts.states import Step
from station.store import Connection
from station.store.alerts import AlertRow
from station.store.figures import (
    BETWEEN,
    DELETED,
    OF_ACT,
    RAISED,
    add_figures,
    add_of_act,
    forget_figures,
    load_figures,
)
from station.store.steps import list_steps

# Upper ends of the steps, seconds; the last step has none.
STEPS_S = (15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 7200, 14_400, 28_800, 86_400)
MONTHS = 13
WITHDRAWN = "withdrawn"


class Kind(StrEnum):
    """What is counted."""

    ENDED = "ended"  # by outcome, or withdrawn
    JUDGED = "judged"  # by court, verdict, and whether it was right
    ACCEPTED = "accepted"  # by the step of time from arrival
    ARRIVED = "arrived"
    CLOSED = "closed"
    OF_ACT = OF_ACT  # by court, act, and what became of it
    DELETED = DELETED  # by what
    GUESTS = "guests"  # compared, of all stations: as the office told it (station.boards.guests)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one month and station, or of several together."""

    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def read(self, *name: str) -> int:
        """Return one count."""
        return self.counts[name]

    def count_raised(self) -> int:
        """Return how many alerts came, whatever became of them."""
        return sum(n for name, n in self.counts.items() if name[0] == Kind.OF_ACT and name[-1] == RAISED)

    def list_courts(self) -> list[str]:
        """Return the courts of which an alert was judged."""
        return sorted({name[1] for name in self.counts if name[0] == Kind.JUDGED})

    def read_steps(self, kind: Kind) -> list[int]:
        """Return how many fell into each step of time."""
        return [self.counts[kind, str(step)] for step in range(len(STEPS_S) + 1)]


class FigureBook:
    """Counts what ended, in the transaction that settles it."""

    def count_ended(self, connection: Connection, row: AlertRow, court: str, act: str) -> None:
        """Count one ended alert."""
        month = name_month(datetime.fromtimestamp(row.ended_at or 0, UTC))
        names: list[tuple[str, ...]] = [(Kind.ENDED, row.outcome or WITHDRAWN)]
        if row.outcome == Outcome.CONFIRMED or row.outcome in FALSE:
            names.append((Kind.JUDGED, court, row.verdict, "right" if row.outcome == Outcome.CONFIRMED else "false"))
        reached = {Kind.ACCEPTED: row.accepted_at, Kind.ARRIVED: find_arrival(connection, row)}
        reached[Kind.CLOSED] = row.ended_at if row.outcome else None
        names += [(kind, str(find_step(at - row.raised_at))) for kind, at in reached.items() if at is not None]
        add_figures(connection, month, row.station, [BETWEEN.join(name) for name in names])
        add_of_act(connection, month, row.station, (court, act), row.outcome or WITHDRAWN)

    def forget_old(self, connection: Connection, now: datetime) -> None:
        """Remove the months that no board shows any more."""
        forget_figures(connection, list_months(now)[-1])


def find_arrival(connection: Connection, row: AlertRow) -> int | None:
    """Return when somebody was first there, seconds since 1970."""
    arrivals = [each.at for each in list_steps(connection, row.id) if each.step == Step.HANDLING]
    return min(arrivals, default=None)


def find_step(seconds: int) -> int:
    """Return the number of the step that a length of time falls into."""
    return bisect_left(STEPS_S, max(0, seconds))


def name_month(moment: datetime) -> str:
    """Return the month of an aware moment, UTC: YYYY-MM."""
    return moment.astimezone(UTC).strftime("%Y-%m")


def list_months(now: datetime) -> list[str]:
    """Return the months that boards show, the present one first. `now` is aware."""
    last = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(last, last - MONTHS, -1)]


def read_figures(connection: Connection, month: str, station: str | None) -> Figures:
    """Return the figures of a month, of one station or (None) of all together."""
    found: Counter[tuple[str, ...]] = Counter()
    for name, n in load_figures(connection, month, station):
        found[tuple(name.split(BETWEEN))] += n
    return Figures(found)
