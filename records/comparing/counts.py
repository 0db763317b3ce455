"""Counts of a month, as office and station tell oversight, and the one that the office tells the station.

No guest, no house, no day, and no small number.

All are told in steps of five: two letters of one month then tell nothing of the day between them, and a small count
cannot be found by taking the others away from their sum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from records.comparing import texts
from records.comparing.acts import Act
from records.comparing.mail import CONTENT_BYTES
from records.comparing.padding import decode_padded, encode_padded
from records.errors import MalformedBytes
from records.small_counts import FEWEST, round_count

MOST_COUNTS = 40
# A share of fewer guests is told nowhere. Of so many one alert is 10 in 10,000 at most, and five guests more or less
# change a share by a two-hundredth of itself: it is of the many, and hangs on nobody.
FEWEST_GUESTS = 1000
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_MAX_COURT_CHARACTERS = 60


class CountName(StrEnum):
    """What is counted. The office counts until `HANDLES_DELETED`, the station the rest."""

    COMPARED = "compared"  # guests whom the office compared, whatever came of it
    CLEARED = "cleared"  # opened, and not the person
    SUPPRESSED = "suppressed"
    ALERTED = "alerted"
    NOT_COMPARED = "not-compared"  # came again, came too late, or could not be read
    DECISIONS_DELETED = "decisions-deleted"
    HANDLES_DELETED = "handles-deleted"
    RAISED = "raised"  # alerts that the station took in
    ALERTS_DELETED = "alerts-deleted"  # their keys destroyed on time
    DAY_KEYS_DELETED = "day-keys-deleted"
    ENDED = "ended"  # what follows is of alerts that are over
    CONFIRMED = "confirmed"
    OTHER_PERSON = "other-person"
    IDENTITY_MISUSED = "identity-misused"
    DECISION_WRONG = "decision-wrong"
    COULD_NOT_BE_FOUND = "could-not-be-found"
    WITHDRAWN = "withdrawn"  # by its court, or its decision expired
    WITHIN_ONE_MINUTE = "within-1-minute"  # accepted so soon
    WITHIN_THREE_MINUTES = "within-3-minutes"  # and not within one
    LATER = "later"
    NOBODY = "nobody"  # over before anybody accepted it


OFFICE_NAMES = frozenset(list(CountName)[: list(CountName).index(CountName.HANDLES_DELETED) + 1])
STATION_NAMES = frozenset(CountName) - OFFICE_NAMES
# What is told of each act of a court, in this order. Another person: an identity misused and a wrong decision, too.
ACT_NAMES = (
    CountName.RAISED, CountName.ENDED, CountName.CONFIRMED, CountName.OTHER_PERSON, CountName.COULD_NOT_BE_FOUND,
    CountName.WITHDRAWN, CountName.ALERTS_DELETED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportedCount:
    """One count: of a court's decisions, of those for one act, or of all. `n` None: some, but fewer than five."""

    name: CountName
    n: int | None
    court: str = ""
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class CountsReport:
    """What office or station tells of one month (UTC)."""

    month: str  # YYYY-MM
    counts: tuple[ReportedCount, ...]


@dataclass(frozen=True, slots=True)
class ActsReport:
    """What the station tells of one court's decisions in one month, by act: a number for each of `ACT_NAMES`."""

    month: str
    court: str
    acts: dict[Act, tuple[int | None, ...]]


@dataclass(frozen=True, slots=True)
class GuestsReport:
    """What the office tells the station: how many guests it compared in a month that is over, all houses together."""

    month: str
    compared: int | None  # in steps of five; None: fewer than FEWEST_GUESTS, or nobody


def make_guests_report(month: str, exact: int) -> GuestsReport:
    """Return the report of a month, its count hidden where it is small and else in steps of five."""
    return GuestsReport(month, None if exact < FEWEST_GUESTS else round_count(exact))


def make_report(month: str, counts: Mapping[tuple[CountName, str, Act | None], int]) -> CountsReport:
    """Return the report of a month: its small counts hidden, the others in steps of five.

    Where there is more than a letter holds, by number or by the length of the courts' names, the counts of single
    courts and acts are left out, all of them.
    """
    ordered = sorted(counts.items(), key=lambda each: (each[0][0], each[0][1], each[0][2] or ""))
    report = CountsReport(
        month, tuple(ReportedCount(name, round_count(exact), court, act) for (name, court, act), exact in ordered)
    )
    try:
        encode_counts(report)
    except MalformedBytes:
        return CountsReport(month, tuple(each for each in report.counts if not each.court))
    return report


def make_acts_report(month: str, court: str, counts: Mapping[tuple[Act, CountName], int]) -> ActsReport:
    """Return the report of a court's month, small counts hidden and the others in steps of five."""
    acts = sorted({act for act, _ in counts})
    told = {act: tuple(round_count(counts.get((act, name), 0)) for name in ACT_NAMES) for act in acts}
    return ActsReport(month, court, told)


def encode_acts(report: ActsReport) -> bytes:
    """Return a letter's content. Raises: MalformedBytes("counts")."""
    _check_acts(report)
    return encode_padded(report, CONTENT_BYTES, "counts")


def decode_acts(content: bytes) -> ActsReport:
    """Read what `encode_acts` made. Raises: MalformedBytes("counts"), also for a number that tells too much."""
    report = decode_padded(content, CONTENT_BYTES, ActsReport, "counts")
    _check_acts(report)
    return report


def encode_guests(report: GuestsReport) -> bytes:
    """Return a letter's content. Raises: MalformedBytes("guests")."""
    _check_guests(report)
    return encode_padded(report, CONTENT_BYTES, "guests")


def decode_guests(content: bytes) -> GuestsReport:
    """Read what `encode_guests` made. Raises: MalformedBytes("guests"), also for a number that tells too much."""
    report = decode_padded(content, CONTENT_BYTES, GuestsReport, "guests")
    _check_guests(report)
    return report


def encode_counts(report: CountsReport) -> bytes:
    """Return a letter's content. Raises: MalformedBytes("counts")."""
    _check(report)
    return encode_padded(report, CONTENT_BYTES, "counts")


def decode_counts(content: bytes) -> CountsReport:
    """Read what `encode_counts` made. Raises: MalformedBytes("counts"), also for a number that tells too much."""
    report = decode_padded(content, CONTENT_BYTES, CountsReport, "counts")
    _check(report)
    return report


def _check(report: CountsReport) -> None:
    names = [(each.name, each.court, each.act) for each in report.counts]
    is_told_once = len(set(names)) == len(names) <= MOST_COUNTS
    if not _MONTH.fullmatch(report.month) or not is_told_once or not all(map(_is_tellable, report.counts)):
        raise MalformedBytes("counts")


def _check_acts(report: ActsReport) -> None:
    is_named = bool(report.court) and texts.is_label(report.court, _MAX_COURT_CHARACTERS)
    is_whole = list(report.acts) == sorted(report.acts) and all(len(n) == len(ACT_NAMES) for n in report.acts.values())
    numbers = [n for each in report.acts.values() for n in each]
    if not _MONTH.fullmatch(report.month) or not is_named or not is_whole or not all(map(_is_in_steps, numbers)):
        raise MalformedBytes("counts")


def _check_guests(report: GuestsReport) -> None:
    is_many = report.compared is None or report.compared >= FEWEST_GUESTS
    if not _MONTH.fullmatch(report.month) or not is_many or not _is_in_steps(report.compared):
        raise MalformedBytes("guests")


def _is_in_steps(n: int | None) -> bool:
    return n is None or (n % FEWEST == 0 and 0 <= n <= texts.MAX_U32)


def _is_tellable(each: ReportedCount) -> bool:
    is_of_one = each.act is None or bool(each.court)
    is_label = not each.court or texts.is_label(each.court, _MAX_COURT_CHARACTERS)
    return is_of_one and is_label and _is_in_steps(each.n)
