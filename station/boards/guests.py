"""Alerts per 10,000 guests, of the whole jurisdiction: nobody knows how many guests a single station has.

The office tells how many it compared in a month that is over, and everything here follows from that number and the
board's own, both as they are told: hidden where small, else in steps of five. So a share tells no more than they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from records.comparing.counts import FEWEST_GUESTS, GuestsReport
from records.errors import MalformedBytes
from records.small_counts import FEWEST, round_count
from station.boards.figures import Figures, Kind, list_months
from station.store import Connection
from station.store.figures import set_figure

_EVERY_STATION = ""  # no station's code
_FEW = 0  # what stands for a count that the office did not tell
_PER = 10_000
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A month's alerts per 10,000 guests: at least and at most so many, since both numbers come in steps."""

    month: str
    guests: int | None  # None: too few to be told
    alerts: int | None  # that came in this month; None: one to four
    at_least: float | None  # in tenths; None where guests or alerts are few
    at_most: float | None


def check_guests(report: GuestsReport, now: datetime) -> None:
    """Refuse a month that no board shows, or that is not over. Raises: MalformedBytes("guests")."""
    if report.month not in list_months(now)[1:]:
        raise MalformedBytes("guests")


def keep_guests(connection: Connection, report: GuestsReport) -> None:
    """Write down what the office told; its newest word for a month stands. Raises: StoreError."""
    set_figure(connection, report.month, _EVERY_STATION, Kind.GUESTS, report.compared or _FEW)


def make_share(month: str, figures: Figures) -> Share | None:
    """Return the share of a month; None where the office told nothing, as of any single station."""
    if (Kind.GUESTS,) not in figures.counts:
        return None
    told = figures.read(Kind.GUESTS)
    guests = round_count(told) if told >= FEWEST_GUESTS else None
    alerts = round_count(figures.count_raised())
    if guests is None or alerts is None:
        return Share(month, guests, alerts, None, None)
    most_alerts, most_guests = (alerts + FEWEST - 1 if alerts else 0), guests + FEWEST - 1
    at_least = alerts * _PER * _TENTHS // most_guests
    at_most = -(-most_alerts * _PER * _TENTHS // guests)
    return Share(month, guests, alerts, at_least / _TENTHS, at_most / _TENTHS)
